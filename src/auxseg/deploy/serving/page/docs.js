// The description of the interface (OpenAPI) as a page: operations with their parameters, answers and examples.

import { make } from "./answer.js";

const content = document.getElementById("content");

async function begin() {
  const response = await fetch("/openapi.json");
  const api = await response.json();
  content.append(...textOf(api.info.description));
  for (const [path, operations] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(operations)) content.append(operationOf(api, method, path, operation));
  }
  content.append(make("h2", { textContent: "Values" }), ...named(api).map(valueOf));
}

/** The values with names that a reader may look for. */
function named(api) {
  return Object.entries(api.components.schemas).filter(([name, { properties }]) => properties && !name.startsWith("Body_"));
}

/** Paragraphs; indented lines are code. */
function textOf(text) {
  return text
    .trim()
    .split("\n\n")
    .map((part) =>
      part.startsWith("    ")
        ? make("pre", { textContent: part.replace(/^ {4}/gm, "") })
        : make("p", { textContent: part }),
    );
}

function operationOf(api, method, path, operation) {
  const parameters = (operation.parameters ?? []).map((each) => [each.name, typeOf(each.schema), each.description ?? ""]);
  const bodies = Object.entries(operation.requestBody?.content ?? {}).flatMap(([type, { schema }]) => {
    const form = resolved(api, schema);
    return Object.entries(form.properties).map(([name, field]) => [name, type, field.description ?? ""]);
  });
  const responses = Object.entries(operation.responses).map(([status, { description, content: kinds }]) => [
    status,
    Object.entries(kinds ?? {})
      .map(([type, { schema }]) => `${type}${schema?.$ref ? ` (${nameOf(schema)})` : ""}`)
      .join(", "),
    description,
  ]);
  return make(
    "section",
    { className: "operation" },
    make("h2", {}, make("span", { className: "method", textContent: `${method.toUpperCase()} ` }), make("code", { textContent: path })),
    make("p", { textContent: `${operation.summary}.` }),
    ...tableOf("Form field", "media type", bodies),
    ...tableOf("Query parameter", "type", parameters),
    ...tableOf("Status", "answer", responses),
  );
}

function valueOf([name, schema]) {
  const fields = Object.entries(schema.properties ?? {}).map(([key, field]) => [key, typeOf(field), field.description ?? ""]);
  const examples = (schema.examples ?? []).map((example) => make("pre", { textContent: JSON.stringify(example, null, 1) }));
  const title = make("summary", {}, make("h3", { textContent: name }));
  return make("details", { id: name }, title, make("div", { className: "operation" }, ...tableOf("Field", "type", fields), ...examples));
}

function tableOf(first, second, rows) {
  if (!rows.length) return [];
  const head = make("tr", {}, ...[first, second, ""].map((name) => make("th", { scope: "col", textContent: name })));
  const body = rows.map(([name, type, text]) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, make("code", { textContent: name })),
      make("td", { textContent: type }),
      make("td", { textContent: text }),
    ),
  );
  return [make("div", { className: "scroll" }, make("table", {}, make("thead", {}, head), make("tbody", {}, ...body)))];
}

function typeOf(schema) {
  if (schema.$ref) return nameOf(schema);
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.const) return String(schema.const);
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.prefixItems) return `[${schema.prefixItems.map(typeOf).join(", ")}]`;
  if (schema.items) return `list of ${typeOf(schema.items)}`;
  if (schema.additionalProperties) return `${typeOf(schema.additionalProperties)} by name`;
  return schema.type ?? "any value";
}

function resolved(api, schema) {
  return schema.$ref ? api.components.schemas[nameOf(schema)] : schema;
}

function nameOf({ $ref: reference }) {
  return reference.split("/").at(-1);
}

begin().catch((error) => content.append(make("p", { className: "remark", textContent: `The description cannot be read: ${error.message}` })));
