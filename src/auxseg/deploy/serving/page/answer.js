// One model's answer as an article of the page: layers over the photograph, words beside it, files to keep.

const PERCENT = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const NUMBER = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const SVG = "http://www.w3.org/2000/svg";
const FIRST_CLASSES = 5;

function percent(share) {
  return `${PERCENT.format(100 * share)}\u00a0%`;
}

export function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children.filter((child) => child !== null));
  return element;
}

export function blobOf(base64, type) {
  return new Blob([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], { type });
}

/** The article. `keep` makes an address of a blob that lives as long as the answer; `more` fetches what comes later. */
export function articleOf(answer, { title, stem, keep, more, later }) {
  const layers = layersOf(answer, keep);
  const said = make("div", { className: "said" }, ...saidOf(answer), downloadsOf(answer, stem, keep));
  return make(
    "article",
    {},
    make("h2", { textContent: title }),
    make("div", { className: "parts" }, stageOf(answer, layers, keep), said),
    galleryOf(answer, keep),
    ...later.map(({ label, name }) => laterOf(label, () => more(name), keep)),
  );
}

function layersOf(answer, keep) {
  const layers = [];
  for (const [task, said] of Object.entries(answer.answers)) {
    if (said.mask?.png) {
      const source = keep(blobOf(said.mask.png, "image/png"));
      const element = make("img", { className: "layer mask", src: source, alt: `Mask of ${task}` });
      layers.push({ task, kind: "mask", element, isShown: !layers.some((layer) => layer.kind === "mask") });
    }
    if (said.box) layers.push({ task, kind: "box", element: boxOf(said.box, answer), isShown: true });
  }
  return layers;
}

function boxOf([x0, y0, x1, y1], { width, height }) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("class", "layer");
  drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
  drawing.setAttribute("preserveAspectRatio", "none");
  drawing.setAttribute("aria-hidden", "true");
  for (const name of ["ground", "line"]) {
    const rectangle = document.createElementNS(SVG, "rect");
    const numbers = { x: x0, y: y0, width: x1 - x0, height: y1 - y0, class: name };
    for (const [key, value] of Object.entries(numbers)) rectangle.setAttribute(key, value);
    drawing.append(rectangle);
  }
  return drawing;
}

function stageOf(answer, layers, keep) {
  const { photograph } = answer;
  const picture = make("img", {
    className: "photograph",
    src: keep(blobOf(photograph.data, photograph.media_type)),
    width: photograph.width,
    height: photograph.height,
    alt: "The photograph",
  });
  const choices = layers.map((layer) => {
    const box = make("input", { type: "checkbox", checked: layer.isShown });
    const show = () => layer.element.toggleAttribute("hidden", !box.checked);
    box.addEventListener("change", show);
    show();
    return make("label", {}, box, layer.task === layer.kind ? layer.task : `${layer.task} (${layer.kind})`);
  });
  const stack = make("div", { className: "layers" }, picture, ...layers.map((layer) => layer.element));
  stack.style.maxWidth = `calc(75vh * ${photograph.width / photograph.height})`; // no higher than the window
  const seconds = answer.seconds < 0.1 ? "less than 0.1" : NUMBER.format(answer.seconds);
  const size = `${answer.width} × ${answer.height} pixels, answered in ${seconds} s`;
  return make(
    "figure",
    { className: "stage" },
    stack,
    make("div", { className: "shown", role: "group", ariaLabel: "Layers over the photograph" }, ...choices),
    make("figcaption", { textContent: size }),
  );
}

function saidOf(answer) {
  return Object.entries(answer.answers)
    .map(([task, said]) => [task, partsOf(said, answer)])
    .filter(([, parts]) => parts.length)
    .map(([task, parts]) => make("section", {}, make("h3", { textContent: task }), ...parts));
}

function partsOf(said, answer) {
  const parts = [];
  if (said.mask) parts.push(maskTable(said.mask, answer.width * answer.height));
  if (said.classes) parts.push(...classTables(said.classes));
  if (said.box) parts.push(make("p", { textContent: boxInWords(said.box) }));
  if (said.vector) parts.push(make("p", { textContent: said.vector.map(numberInWords).join(", ") }));
  return parts;
}

function maskTable(mask, numPixels) {
  const rows = mask.classes
    .filter((each) => each.pixels)
    .map((each) => {
      const swatch = make("span", { className: "swatch" });
      if (each.colour) swatch.style.background = each.colour;
      return make(
        "tr",
        {},
        make("th", { scope: "row" }, swatch, each.name),
        make("td", { className: "number", textContent: percent(each.pixels / numPixels) }),
        make("td", { className: "number", textContent: each.score === null ? "–" : percent(each.score) }),
      );
    });
  const heads = ["class", "of the image", "mean probability"];
  return make("table", {}, make("thead", {}, headOf(heads)), make("tbody", {}, ...rows));
}

function headOf(names) {
  const cells = names.map((name, index) => make("th", { scope: "col", className: index ? "number" : "", textContent: name }));
  return make("tr", {}, ...cells);
}

function classTables(classes) {
  const table = (part) => make("table", {}, make("tbody", {}, ...part.map(classRow)));
  if (classes.length <= FIRST_CLASSES + 1) return [table(classes)];
  const rest = classes.slice(FIRST_CLASSES);
  const details = make("details", {}, make("summary", { textContent: `${rest.length} more classes` }), table(rest));
  return [table(classes.slice(0, FIRST_CLASSES)), details];
}

function classRow({ name, probability }) {
  const bar = document.createElementNS(SVG, "svg");
  const rectangle = document.createElementNS(SVG, "rect");
  bar.setAttribute("class", "bar");
  bar.setAttribute("aria-hidden", "true");
  rectangle.setAttribute("width", `${100 * probability}%`);
  rectangle.setAttribute("height", "100%");
  bar.append(rectangle);
  return make(
    "tr",
    {},
    make("th", { scope: "row", textContent: name }),
    make("td", { className: "bar" }, bar),
    make("td", { className: "number", textContent: percent(probability) }),
  );
}

function boxInWords([x0, y0, x1, y1]) {
  const [left, top, right, bottom] = [x0, y0, x1, y1].map(Math.round);
  return `From (${left}, ${top}) to (${right}, ${bottom}): ${right - left} × ${bottom - top} pixels`;
}

function numberInWords(number) {
  return number === null ? "not finite" : number.toPrecision(4);
}

function galleryOf(answer, keep) {
  const figures = Object.entries(answer.answers)
    .filter(([, said]) => said.picture)
    .map(([task, said]) => figureOf(said.picture, task, keep));
  return figures.length ? make("div", { className: "gallery small" }, ...figures) : null;
}

function figureOf(picture, caption, keep) {
  const { data, media_type: type, width, height } = picture;
  const image = make("img", { src: keep(blobOf(data, type)), width, height, alt: caption });
  return make("figure", {}, image, make("figcaption", { textContent: caption }));
}

/** What costs another look is fetched when it is opened. */
function laterOf(label, fetchIt, keep) {
  const place = make("div", {});
  const details = make("details", { className: "more" }, make("summary", { textContent: label }), place);
  details.addEventListener("toggle", async () => {
    if (!details.open || place.childElementCount) return;
    const wait = make("p", { className: "quiet", role: "status", textContent: "Asking …" });
    place.replaceChildren(wait);
    try {
      const answer = await fetchIt();
      const figures = answer.tasks ? attentionFigures(answer, keep) : [...saidOf(answer), galleryOf(answer, keep)];
      place.replaceChildren(...(answer.tasks ? [make("div", { className: "gallery small" }, ...figures)] : figures.filter(Boolean)));
    } catch (error) {
      if (error.name === "AbortError") return place.replaceChildren();
      place.replaceChildren(make("p", { className: "remark error", role: "alert", textContent: error.message }));
      details.addEventListener("toggle", () => place.replaceChildren(), { once: true });
    }
  });
  return details;
}

function attentionFigures(answer, keep) {
  return Object.entries(answer.tasks).flatMap(([task, places]) =>
    places.map((place) => {
      const range = `${place.minimum.toFixed(2)} (dark) to ${place.maximum.toFixed(2)} (bright)`;
      return figureOf(place.picture, `${task}, ${place.name}: ${range}`, keep);
    }),
  );
}

function downloadsOf(answer, stem, keep) {
  const masks = Object.entries(answer.answers).filter(([, said]) => said.mask?.png);
  const links = masks.map(([task, said]) => {
    const name = masks.length === 1 ? "mask" : `${task}.mask`;
    const label = masks.length === 1 ? "Mask (PNG)" : `Mask of ${task} (PNG)`;
    return downloadOf(label, `${stem}.${name}.png`, keep(blobOf(said.mask.png, "image/png")));
  });
  const plain = JSON.stringify(answer, (key, value) => (["picture", "photograph"].includes(key) ? undefined : value), 1);
  links.push(downloadOf("Answer (JSON)", `${stem}.json`, keep(new Blob([plain], { type: "application/json" }))));
  return make("p", { className: "downloads" }, ...links);
}

function downloadOf(label, name, address) {
  return make("a", { className: "button", href: address, download: name, textContent: label });
}
