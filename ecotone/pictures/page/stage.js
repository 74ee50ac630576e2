// The grid, or the picture, of a step.
const INK = "#1f2328", LINE = "#dfe3e8", MARK = "#E69F00";

class Stage {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.images = new Map();
    this.isAgent = new Set(agents.map((agent) => agent.entity));
    this.paths = Object.fromEntries(Object.entries(header.outlines).map(([name, points]) => [name, closed(points)]));
    this.pointer = closed(header.pointer);
  }

  fit() {
    const ratio = window.devicePixelRatio || 1, box = this.canvas.getBoundingClientRect();
    const width = Math.round(box.width * ratio), height = Math.round(box.height * ratio);
    if (this.canvas.width !== width || this.canvas.height !== height) { this.canvas.width = width; this.canvas.height = height; }
    this.ratio = ratio;
  }

  // Draw a step; `along` in [0, 1) moves entities on towards the next one.
  draw(episode, step, along, chosen) {
    this.fit();
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (episode.frames) this.drawGrid(episode, step, along, chosen);
    else if (episode.pictures.length) this.drawPicture(episode, step);
    else this.say("This environment was recorded without pictures.");
  }

  say(text) {
    this.context.fillStyle = INK;
    this.context.font = `${18 * this.ratio}px system-ui, sans-serif`;
    this.context.textAlign = "center";
    this.context.fillText(text, this.canvas.width / 2, this.canvas.height / 2);
  }

  drawPicture(episode, step) {
    const image = this.image(episode, step);
    if (!image.complete) { image.onload = () => player.show(); return; }
    const { width, height } = this.canvas, scale = Math.min(width / image.width, height / image.height);
    this.context.imageSmoothingEnabled = scale < 3;
    const w = image.width * scale, h = image.height * scale;
    this.context.drawImage(image, (width - w) / 2, (height - h) / 2, w, h);
    if (step + 1 < episode.rows) this.image(episode, step + 1);
  }

  image(episode, step) {
    const index = episode.pictures[step];
    if (!this.images.has(index)) {
      const image = new Image();
      image.src = URL.createObjectURL(new Blob([arrays[index].data], { type: "image/png" }));
      this.images.set(index, image);
    }
    return this.images.get(index);
  }

  measure() {
    const { width, height } = this.canvas, edge = 2 * this.ratio;
    this.cell = Math.min((width - 2 * edge) / scene.columns, (height - 2 * edge) / scene.rows);
    this.left = (width - this.cell * scene.columns) / 2;
    this.top = (height - this.cell * scene.rows) / 2;
  }

  drawGrid(episode, step, along, chosen) {
    this.measure();
    this.drawLines();
    const looks = episode.looks(step), here = episode.places(step);
    const next = step + 1 < episode.rows ? episode.places(step + 1) : here;
    const at = (entity, axis) => here[2 * entity + axis] + along * near(next[2 * entity + axis] - here[2 * entity + axis]);
    const there = [...looks.keys()].filter((entity) => looks[entity] >= 0);
    there.sort((one, other) => scene.looks[looks[other]].size - scene.looks[looks[one]].size || one - other);
    if (chosen && chosen.entity >= 0) this.drawTrail(episode, step, chosen, at);
    for (const entity of there) this.drawEntity(scene.looks[looks[entity]], at(entity, 0), at(entity, 1), episode.facing(step, entity));
    for (const entity of there) this.drawHealth(episode.health(step, entity), at(entity, 0), at(entity, 1));
    if (chosen && looks[chosen.entity] >= 0) this.drawRing(at(chosen.entity, 0), at(chosen.entity, 1));
    if (along === 0) this.drawCounts(there, here);
  }

  drawLines() {
    const { context, cell, left, top } = this, { rows, columns } = scene;
    context.strokeStyle = LINE;
    context.lineWidth = this.ratio;
    context.beginPath();
    const every = cell < 7 * this.ratio ? Math.max(rows, columns) : 1;
    for (let row = 0; row <= rows; row += every === 1 ? 1 : rows) { context.moveTo(left, top + row * cell); context.lineTo(left + columns * cell, top + row * cell); }
    for (let column = 0; column <= columns; column += every === 1 ? 1 : columns) { context.moveTo(left + column * cell, top); context.lineTo(left + column * cell, top + rows * cell); }
    context.stroke();
  }

  centred(row, column, size, draw) {
    const { context, cell } = this;
    context.save();
    context.translate(this.left + (column + 0.5) * cell, this.top + (row + 0.5) * cell);
    context.scale(size * cell / 2, size * cell / 2);
    draw(context);
    context.restore();
  }

  drawEntity(look, row, column, facing) {
    this.centred(row, column, look.shape === "wall" ? 1 : look.size, (context) => {
      context.fillStyle = look.colour;
      context.fill(this.paths[look.shape]);
      if (look.shape !== "wall" && this.cell > 8 * this.ratio) {
        context.strokeStyle = "rgba(0, 0, 0, 0.55)";
        context.lineWidth = Math.max(1.2 * this.ratio, this.cell / 32) * 2 / (look.size * this.cell);
        context.stroke(this.paths[look.shape]);
      }
      if (facing >= 0) {
        context.rotate(facing * Math.PI / 2);
        context.fillStyle = "#fff";
        context.fill(this.pointer);
      }
    });
  }

  drawHealth(health, row, column) {
    if (!(health < 1) || this.cell < 12 * this.ratio) return;
    const { context, cell } = this, left = this.left + (column + 0.14) * cell, top = this.top + (row + 0.88) * cell;
    context.fillStyle = INK;
    context.fillRect(left, top, 0.72 * cell, 0.08 * cell);
    context.fillStyle = "#F0E442";
    context.fillRect(left, top, 0.72 * cell * Math.max(health, 0), 0.08 * cell);
  }

  // How many agents stand in one cell, where they are several.
  drawCounts(there, places) {
    const counts = new Map();
    for (const entity of there) {
      if (!this.isAgent.has(entity)) continue;
      const key = places[2 * entity] * scene.columns + places[2 * entity + 1];
      counts.set(key, (counts.get(key) || 0) + 1);
    }
    if (this.cell < 18 * this.ratio) return;
    const { context, cell } = this;
    context.font = `bold ${Math.round(0.24 * cell)}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (const [key, count] of counts) {
      if (count < 2) continue;
      const x = this.left + (key % scene.columns + 0.8) * cell, y = this.top + (Math.floor(key / scene.columns) + 0.2) * cell;
      context.fillStyle = INK;
      context.beginPath();
      context.arc(x, y, 0.18 * cell, 0, 2 * Math.PI);
      context.fill();
      context.fillStyle = "#fff";
      context.fillText(count, x, y + 0.01 * cell);
    }
  }

  drawRing(row, column) {
    this.centred(row, column, 1, (context) => {
      context.strokeStyle = MARK;
      context.lineWidth = Math.max(4 * this.ratio, this.cell / 14) * 2 / this.cell;
      context.beginPath();
      context.arc(0, 0, Math.max(0.9, 8 * this.ratio / this.cell * 2), 0, 2 * Math.PI);
      context.stroke();
    });
  }

  drawTrail(episode, step, chosen, at) {
    const { context, cell } = this, x = (column) => this.left + (column + 0.5) * cell, y = (row) => this.top + (row + 0.5) * cell;
    context.strokeStyle = MARK;
    context.globalAlpha = 0.55;
    context.lineWidth = Math.max(2 * this.ratio, cell / 16);
    context.lineJoin = "round";
    context.beginPath();
    for (let past = Math.max(step - 40, 0); past <= step; past++) {
      const places = episode.places(past), column = x(places[2 * chosen.entity + 1]), row = y(places[2 * chosen.entity]);
      if (past === Math.max(step - 40, 0)) context.moveTo(column, row); else context.lineTo(column, row);
    }
    context.lineTo(x(at(chosen.entity, 1)), y(at(chosen.entity, 0)));
    context.stroke();
    context.globalAlpha = 1;
  }

  // The agents at a point of the window.
  agentsAt(episode, step, event) {
    if (!episode.frames) return agents.length === 1 ? agents : [];
    const box = this.canvas.getBoundingClientRect();
    const row = Math.floor(((event.clientY - box.top) * this.ratio - this.top) / this.cell);
    const column = Math.floor(((event.clientX - box.left) * this.ratio - this.left) / this.cell);
    const places = episode.places(step), looks = episode.looks(step);
    return agents.filter(({ entity }) => entity >= 0 && looks[entity] >= 0 && places[2 * entity] === row && places[2 * entity + 1] === column);
  }
}

function closed(points) {
  const path = new Path2D();
  points.forEach(([x, y], i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
  path.closePath();
  return path;
}

// A step of more than two cells is a jump, which is not drawn as a way.
function near(distance) { return Math.abs(distance) <= 2 ? distance : 0; }

function swatch(look) {
  const points = header.outlines[look.shape].map(([x, y]) => `${(x * 8).toFixed(2)},${(y * 8).toFixed(2)}`).join(" ");
  return `<svg class="swatch" viewBox="-10 -10 20 20" aria-hidden="true"><polygon points="${points}" fill="${look.colour}" stroke="rgba(0,0,0,0.55)"/></svg>`;
}
