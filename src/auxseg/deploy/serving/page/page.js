// The page: takes a photograph by file, drop, paste or camera, asks the chosen models one after the other.

import { articleOf, make } from "./answer.js";

const PICTURES = 1280;
const byId = (id) => document.getElementById(id);
const [statusLine, errorLine, answers] = ["status", "error", "answers"].map(byId);
const MEGA = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

let served = null;
let asking = null; // what ends the requests of the photograph that is shown
let last = null;
let addresses = [];

async function begin() {
  try {
    const response = await fetch("/v1/models");
    const text = await response.text();
    served = response.ok ? answerIn(text, "models") : null;
    if (!served) return fail(`${refusal(response, text)} Reload the page to try again.`);
  } catch {
    return fail("The server does not answer. Reload the page once it runs.");
  }
  const { models, max_bytes: bytes, max_pixels: pixels } = served;
  byId("limits").textContent = `At most ${MEGA.format(bytes / 1e6)} MB and ${MEGA.format(pixels / 1e6)} megapixels.`;
  if (models.length === 1) {
    byId("title").textContent = `Try ${models[0].name} on a photograph`;
    return;
  }
  byId("title").textContent = `Try ${models.length} models on a photograph`;
  for (const { name } of models) {
    const box = make("input", { type: "checkbox", name: "model", value: name, checked: true });
    box.addEventListener("change", () => last && ask(last));
    byId("models").append(make("label", {}, box, name));
  }
  byId("models").hidden = false;
}

function chosen() {
  const boxes = [...document.querySelectorAll("input[name=model]")];
  return served.models.filter(({ name }) => !boxes.length || boxes.some((box) => box.checked && box.value === name));
}

async function ask(file) {
  await begun;
  if (!served) return;
  reset(file);
  const { signal } = asking;
  if (file.size > served.max_bytes) {
    const [size, limit] = [file.size, served.max_bytes].map((bytes) => MEGA.format(bytes / 1e6));
    return fail(`${file.name || "The photograph"} has ${size} MB; this server takes at most ${limit} MB.`);
  }
  const models = chosen();
  if (!models.length) return fail("Choose at least one model.");
  const failures = []; // one model may answer where another cannot
  for (const [index, model] of models.entries()) {
    const which = models.length > 1 ? `${model.name} (${index + 1} of ${models.length})` : model.name;
    try {
      const asked = { model: model.name, pictures: PICTURES };
      const answer = await post("/v1/predict", asked, file, signal, (what) => say(`${which}: ${what} …`, true));
      show(answer, model, file, signal);
    } catch (error) {
      if (error.name === "AbortError") return;
      failures.push({ name: model.name, message: error.message });
    }
  }
  const what = file.name || "the photograph";
  if (!failures.length) return say(`Done: ${what}.`);
  const isOfAll = failures.length === models.length && new Set(failures.map(({ message }) => message)).size === 1;
  const parts = isOfAll ? [failures[0].message] : failures.map(({ name, message }) => `Model ${name}: ${message}`);
  fail(`${what}: ${parts.join(" ")}`);
}

function reset(file) {
  asking?.abort();
  asking = new AbortController();
  addresses.forEach((address) => URL.revokeObjectURL(address));
  addresses = [];
  last = file;
  answers.replaceChildren();
  byId("result").hidden = true;
  errorLine.hidden = true;
  say("");
}

/** Sends the photograph and gives the answer; says in words how far it is. */
function post(path, parameters, file, signal, tell = () => {}) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) [value].flat().forEach((each) => query.append(key, each));
  const form = new FormData();
  form.append("image", file, "image");
  const request = new XMLHttpRequest();
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => request.abort());
    request.upload.onprogress = ({ loaded, total }) => tell(`sending, ${Math.floor((100 * loaded) / total)} %`);
    request.upload.onload = () => tell("predicting");
    request.onabort = () => reject(new DOMException("", "AbortError"));
    request.onerror = () => reject(new Error("The server did not answer. Is it still running?"));
    request.onload = () => {
      const answer = request.status === 200 ? answerIn(request.responseText, "answers", "tasks") : null;
      return answer ? resolve(answer) : reject(new Error(refusal(request, request.responseText)));
    };
    request.open("POST", `${path}?${query}`);
    tell("sending");
    request.send(form);
  });
}

/** The answer, if it is one: has one of these names. A proxy may answer in the server's place, with anything. */
function answerIn(text, ...names) {
  const answer = parsed(text);
  return names.some((name) => answer?.[name]) ? answer : null;
}

/** Why there is no answer, in a sentence. */
function refusal({ status, statusText }, text) {
  const detail = parsed(text)?.detail;
  if (typeof detail === "string" && detail) return `${detail[0].toUpperCase()}${detail.slice(1)}.`;
  if (status === 200) return "The answer cannot be read. Does a proxy stand between this page and the server?";
  return `The request was refused without a reason (${`${status} ${statusText}`.trim()}), perhaps by a proxy between this page and the server.`;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function show(answer, model, file, signal) {
  const later = [];
  if (model.others.length) later.push({ name: "others", label: `More outputs: ${model.others.join(", ")}` });
  if (model.has_attention) later.push({ name: "attention", label: "Where each task looks (attention)" });
  const more = (name) =>
    name === "attention"
      ? post("/v1/attention", { model: model.name }, file, signal)
      : post("/v1/predict", { model: model.name, answers: model.others, pictures: PICTURES }, file, signal);
  const name = (file.name || "photograph").replace(/\.[^.]*$/, "");
  const stem = served.models.length > 1 ? `${name}.${model.name.replaceAll("/", "-")}` : name;
  const title = model.name;
  answers.append(articleOf(answer, { title, stem, keep, more, later }));
  byId("result").hidden = false;
  byId("ask").classList.add("used");
  setOpacity();
}

function keep(blob) {
  addresses.push(URL.createObjectURL(blob));
  return addresses.at(-1);
}

function say(text, isBusy = false) {
  statusLine.textContent = text;
  statusLine.classList.toggle("busy", isBusy);
}

function fail(text) {
  say("");
  errorLine.textContent = text;
  errorLine.hidden = false;
}

function setOpacity() {
  const { value } = byId("opacity");
  byId("opacity-shown").textContent = `${value} %`;
  for (const mask of document.querySelectorAll(".layer.mask")) mask.style.opacity = value / 100;
}

function take(files) {
  if (files?.length) ask(files[0]);
}

for (const id of ["file", "camera"]) {
  byId(id).addEventListener("change", ({ target }) => {
    take(target.files);
    target.value = ""; // so that the same file can be chosen again
  });
}
byId("ask").addEventListener("submit", (event) => event.preventDefault());
byId("opacity").addEventListener("input", setOpacity);
document.addEventListener("paste", ({ clipboardData }) => take(clipboardData?.files));
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  byId("veil").hidden = false;
});
document.addEventListener("dragleave", ({ relatedTarget }) => {
  if (!relatedTarget) byId("veil").hidden = true;
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  byId("veil").hidden = true;
  if (event.dataTransfer?.files.length) take(event.dataTransfer.files);
  else fail("That was not a file. Save the image first, then drop the file here.");
});
const begun = begin();
