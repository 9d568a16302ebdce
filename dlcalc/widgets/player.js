// Plays a flipbook: a stage painted by matplotlib, and on it outlines that Python has put in their places.
// Nothing is computed here. The array of numbers is described in tape.py.
const HEADER = 4, RECORD = 4, NONE = -1;
const MOVE = 1, LINE = 2, QUADRATIC = 3, CUBIC = 4;  // matplotlib's path codes; any other closes the path
const CAPS = ["butt", "round", "square"], JOINS = ["miter", "round", "bevel"];
const ICONS = { play: "M4 2v12l10-6z", pause: "M3 2h4v12H3zM9 2h4v12H9z", step: "M3 2v12l7-6zM11 2h3v12h-3z" };

const bytesOf = (view) => view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);

class Frames {
  constructor(view) {
    this.buffer = bytesOf(view);
    this.n = new Float32Array(this.buffer);
    this.outlines = new Map();
    this.images = new Map();
  }

  has(frame) { return frame < this.n[0] && this.n[HEADER + 2 * frame] !== NONE; }

  outline(at) {
    if (!this.outlines.has(at)) this.outlines.set(at, this.trace(at));
    return this.outlines.get(at);
  }

  trace(at) {
    const { n } = this, path = new Path2D();
    for (let i = at + 1, end = at + 1 + 3 * n[at]; i < end; i += 3) {
      const code = n[i], x = n[i + 1], y = n[i + 2];
      if (code === MOVE) path.moveTo(x, y);
      else if (code === LINE) path.lineTo(x, y);
      else if (code === QUADRATIC) { path.quadraticCurveTo(x, y, n[i + 4], n[i + 5]); i += 3; }
      else if (code === CUBIC) { path.bezierCurveTo(x, y, n[i + 4], n[i + 5], n[i + 7], n[i + 8]); i += 6; }
      else path.closePath();
    }
    return path;
  }

  image(at) {
    if (!this.images.has(at)) {
      const width = this.n[at], height = this.n[at + 1], canvas = new OffscreenCanvas(width, height);
      const rgba = new Uint8ClampedArray(this.buffer, 4 * (at + 8), 4 * width * height);
      canvas.getContext("2d").putImageData(new ImageData(rgba, width, height), 0, 0);
      this.images.set(at, canvas);
    }
    return this.images.get(at);
  }

  colour(at) {
    const n = this.n;
    return `rgba(${255 * n[at]},${255 * n[at + 1]},${255 * n[at + 2]},${n[at + 3]})`;
  }

  paint(context, frame) {
    const { n } = this, start = n[HEADER + 2 * frame], end = n[HEADER + 2 * frame + 1];
    for (let i = start; i < end; i += RECORD) {
      context.save();
      this.paintRecord(context, n[i], n[i + 1], n[i + 2], n[i + 3]);
      context.restore();
    }
  }

  paintRecord(context, outline, style, x, y) {
    const { n } = this, width = n[style], clip = n[style + 9], dashes = n[style + 10];
    if (clip !== NONE) context.clip(this.outline(clip));
    if (width === NONE) {
      context.transform(...n.subarray(outline + 2, outline + 8));
      context.imageSmoothingEnabled = false;
      context.drawImage(this.image(outline), 0, 0);
      return;
    }
    context.translate(x, y);
    if (n[style + 8] > 0) {
      context.fillStyle = this.colour(style + 5);
      context.fill(this.outline(outline));
    }
    if (width > 0 && n[style + 4] > 0) {
      context.lineWidth = width;
      context.strokeStyle = this.colour(style + 1);
      if (dashes !== NONE) context.setLineDash(n.subarray(dashes + 1, dashes + 1 + n[dashes]));
      context.lineDashOffset = n[style + 11];
      context.lineCap = CAPS[n[style + 12]];
      context.lineJoin = JOINS[n[style + 13]];
      context.stroke(this.outline(outline));
    }
  }
}

function create(tag, attributes, parent) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return parent.appendChild(element);
}

function render({ model, el }) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const frameCount = model.get("values").length;
  const root = create("div", { class: "dlcalc-flipbook" }, el);
  root.style.setProperty("--dlcalc-width", `${model.get("width")}px`);
  root.style.setProperty("--dlcalc-aspect", `${model.get("width")} / ${model.get("height")}`);
  // Jupyter takes keys for its own commands unless the focused element says no.
  const keys = { "data-lm-suppress-shortcuts": "true" };
  const row = create("div", { class: "dlcalc-row" }, root);
  const button = create("button", { type: "button", ...keys }, row);
  create("span", { class: "dlcalc-label", "aria-hidden": "true" }, row).textContent = model.get("label");
  const range = { type: "range", min: 0, max: frameCount - 1, step: 1, "aria-label": model.get("label"), ...keys };
  const slider = create("input", range, row);
  const spoken = create("span", { class: "dlcalc-value", "aria-hidden": "true" }, row);
  const card = create("div", { class: "dlcalc-card" }, root);
  const canvas = create("canvas", { role: "img" }, card);
  const message = create("p", { role: "status" }, card);
  const context = canvas.getContext("2d");
  let frames, stage, playing = 0;

  function show(frame) {
    slider.value = frame;
    spoken.textContent = model.get("values")[frame];
    slider.setAttribute("aria-valuetext", spoken.textContent);
    if (!stage || !frames.has(frame)) return;
    // Only now, so that the former picture stays while a new reel is drawn: a size empties the canvas.
    const [, width, height] = frames.n;
    if (canvas.width === width && canvas.height === height) context.clearRect(0, 0, width, height);
    else [canvas.width, canvas.height] = [width, height];
    context.drawImage(stage, 0, 0);
    frames.paint(context, frame);
    canvas.setAttribute("aria-label", model.get("descriptions")[frame]);
  }

  const tell = () => { model.set("frame", slider.valueAsNumber); model.save_changes(); };

  function drawButton() {
    const what = playing ? "pause" : calm ? "step" : "play";
    button.setAttribute("aria-label", { pause: "Pause", step: "Next step", play: "Play" }[what]);
    button.innerHTML = `<svg viewBox="0 0 16 16" aria-hidden="true"><path d="${ICONS[what]}"/></svg>`;
  }

  function stop() {
    cancelAnimationFrame(playing);
    playing = 0;
    drawButton();
  }

  function play() {
    const first = slider.valueAsNumber === frameCount - 1 ? 0 : slider.valueAsNumber;
    const began = performance.now();
    const turn = (now) => {
      const frame = Math.min(frameCount - 1, first + Math.floor(Math.max(0, now - began) / model.get("interval")));
      if (frame !== slider.valueAsNumber) show(frame);
      if (frame < frameCount - 1) playing = requestAnimationFrame(turn);
      else { stop(); tell(); }
    };
    playing = requestAnimationFrame(turn);
    drawButton();
  }

  button.addEventListener("click", () => {
    if (calm) { show((slider.valueAsNumber + 1) % frameCount); tell(); }
    else if (playing) { stop(); tell(); }
    else play();
  });
  slider.addEventListener("input", () => { if (playing) stop(); show(slider.valueAsNumber); });
  slider.addEventListener("change", tell);

  // A new stage and the numbers that belong to it come together, and are shown together once the stage is decoded.
  async function receive() {
    const numbers = model.get("numbers");
    if (!numbers.byteLength) return;
    const decoded = await createImageBitmap(new Blob([bytesOf(model.get("stage"))], { type: "image/png" }));
    if (numbers !== model.get("numbers")) return;
    frames = new Frames(numbers);
    stage = decoded;
    show(slider.valueAsNumber);
  }

  function speak() {
    const text = model.get("message");
    message.textContent = text;
    card.classList.toggle("dlcalc-silent", !text);
    card.toggleAttribute("data-dlcalc-error", Boolean(text) && !model.get("locked"));
    card.toggleAttribute("data-dlcalc-locked", model.get("locked"));
    button.disabled = slider.disabled = model.get("locked");
  }

  const heard = { "change:numbers": receive, "change:message": speak, "change:locked": speak,
    "change:frame": () => { if (!playing) show(model.get("frame")); } };
  Object.entries(heard).forEach((pair) => model.on(...pair));
  drawButton();
  speak();
  show(model.get("frame"));
  receive();
  return () => { stop(); Object.entries(heard).forEach((pair) => model.off(...pair)); };
}

export default { render };
