// Observations and actions: numbers as text, long lists as bars, views of the grid as small grids.
const SHORT = 8;

function number(value) {
  if (Number.isNaN(value)) return "–";
  const text = Number.isInteger(value) ? value : Number(value.toPrecision(Math.abs(value) >= 100 ? 5 : 3));
  return String(text).replace("-", "−");
}

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// An action as a line of text.
function actionText(action, team) {
  if (typeof action === "number") return (scene?.choices[team] || [])[action] ?? number(action);
  if (action.data) return Array.from(action.data, number).join(", ");
  if (Array.isArray(action)) return action.map((each) => actionText(each)).join(" · ");
  return Object.entries(action).map(([name, each]) => `${name} ${actionText(each)}`).join(" · ");
}

// Elements that show an observation, nested parts below their names.
function observed(value, name = "") {
  if (value === null) return [element("p", { className: "quiet", textContent: "left out of this page, because it is large" })];
  const title = name ? [element("h3", { textContent: name })] : [];
  if (typeof value === "number") return [...title, element("p", { className: "numbers", textContent: number(value) })];
  if (!value.data) return Object.entries(value).flatMap(([key, each]) => observed(each, name ? `${name} / ${key}` : key));
  const flat = value.shape.filter((size) => size > 1);
  if (flat.length <= 1 && value.data.length <= SHORT) return [...title, element("p", { className: "numbers", textContent: Array.from(value.data, number).join("   ") })];
  if (flat.length <= 1) return [...title, bars(value.data)];
  if (value.shape.length === 2) return [...title, cells(value.data, ...value.shape)];
  if (value.shape.length === 3) return [...title, layers(value)];
  return [...title, bars(value.data)];
}

function layers({ data, shape: [rows, columns, channels] }) {
  if (data instanceof Uint8Array && channels === 3 && rows >= 32) return pixels(data, rows, columns);
  const layer = (k) => data.filter((_, i) => i % channels === k);
  const views = Array.from({ length: Math.min(channels, 12) }, (_, k) => cells(layer(k), rows, columns, 180));
  return element("div", { className: "layers" }, ...views);
}

function sheet(width, height) {
  const ratio = window.devicePixelRatio || 1, canvas = element("canvas", { className: "view", width: width * ratio, height: height * ratio });
  canvas.style.width = `${width}px`;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  return [canvas, context];
}

function cells(data, rows, columns, most = 300) {
  const side = Math.max(Math.min(Math.floor(most / columns), Math.floor(most / rows), 34), 2);
  const [canvas, context] = sheet(columns * side + 1, rows * side + 1);
  const whole = data.every(Number.isInteger), largest = data.reduce((top, value) => Math.max(top, Math.abs(value)), 0) || 1;
  const named = !(data instanceof Float32Array) && (scene || largest > 1); // numbers stand for things, else for amounts
  context.font = `${Math.round(side * 0.45)}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (let i = 0; i < rows * columns; i++) {
    const x = (i % columns) * side, y = Math.floor(i / columns) * side, value = data[i];
    const fill = whole && (value < 0 || named) ? cellColour(value) : ramp(Math.abs(value) / largest);
    context.fillStyle = fill;
    context.fillRect(x, y, side, side);
    if (side >= 9) { context.strokeStyle = LINE; context.strokeRect(x + 0.5, y + 0.5, side, side); }
    if (whole && value !== 0 && side >= 18) { context.fillStyle = isDark(fill) ? "#fff" : INK; context.fillText(number(value), x + side / 2, y + side / 2 + 1); }
  }
  return canvas;
}

// Numbers in a view: 0 is empty, negative ones lie outside or are hidden, others go by the legend.
function cellColour(value) {
  if (value === 0) return "#ffffff";
  if (value < 0) return value === -1 ? "#c9ced5" : "#8b939d";
  const look = scene?.cells[value];
  return look === undefined ? header.colours[(value - 1) % header.colours.length] : scene.looks[look].colour;
}

function isDark(colour) {
  const [red, green, blue] = colour.startsWith("#") ? [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16)) : colour.match(/\d+/g).map(Number);
  return 0.3 * red + 0.6 * green + 0.1 * blue < 150;
}

// White to the palette's blue.
function ramp(share) {
  const mix = (from, to) => Math.round(from + (to - from) * share);
  return `rgb(${mix(255, 0)}, ${mix(255, 90)}, ${mix(255, 150)})`;
}

function bars(data) {
  const width = 370, height = 90, most = data.reduce((top, value) => Math.max(top, Math.abs(value)), 0) || 1;
  const [canvas, context] = sheet(width, height), step = width / data.length;
  const below = data.some((value) => value < 0), zero = below ? height / 2 : height - 1;
  context.fillStyle = "#0072B2";
  data.forEach((value, i) => context.fillRect(i * step, zero, Math.max(step - 1, 0.7), -(value / most) * (below ? height / 2 : height - 2)));
  context.fillStyle = INK;
  context.fillRect(0, zero, width, 1);
  canvas.title = `${data.length} numbers, at most ${number(most)} in size`;
  return canvas;
}

function pixels(data, rows, columns) {
  const canvas = element("canvas", { className: "view", width: columns, height: rows }), image = new ImageData(columns, rows);
  for (let i = 0; i < rows * columns; i++) image.data.set([data[3 * i], data[3 * i + 1], data[3 * i + 2], 255], 4 * i);
  canvas.getContext("2d").putImageData(image, 0, 0);
  canvas.style.width = "320px";
  return canvas;
}

// Curves over the steps of an episode with a mark at the present one: [{ values, colour }].
function curves(lines, step, rows) {
  const width = 370, height = 100, [canvas, context] = sheet(width, height);
  const all = lines.flatMap(({ values }) => values), low = Math.min(0, ...all), high = Math.max(0, ...all, low + 1e-9);
  const x = (i) => 3 + i / Math.max(rows - 1, 1) * (width - 6), y = (value) => height - 5 - (value - low) / (high - low) * (height - 10);
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.fillStyle = LINE;
  context.fillRect(0, y(0), width, 1);
  for (const { values, colour } of lines) {
    context.strokeStyle = colour;
    context.lineWidth = 2.5;
    context.beginPath();
    values.forEach((value, i) => (i ? context.lineTo(x(i), y(value)) : context.moveTo(x(i), y(value))));
    context.stroke();
  }
  context.fillStyle = MARK;
  context.fillRect(x(step) - 1, 0, 2.5, height);
  return canvas;
}
