// What was recorded: a header in JSON, and arrays in one compressed block.
const header = JSON.parse(document.getElementById("header").textContent);
const scene = header.scene;
const KINDS = { uint8: Uint8Array, int8: Int8Array, int16: Int16Array, int32: Int32Array, float32: Float32Array, float64: Float64Array };
let arrays = [];

async function readArrays() {
  const text = document.getElementById("arrays").textContent;
  const packed = await fetch("data:application/octet-stream;base64," + text);
  const plain = packed.body.pipeThrough(new DecompressionStream("gzip"));
  const bytes = await new Response(plain).arrayBuffer();
  arrays = header.arrays.map(({ type, shape, at }) => {
    const length = shape.reduce((product, size) => product * size, 1);
    return { data: new KINDS[type](bytes, at, length), shape };
  });
}

// The part of an array behind its first indices: a number where nothing is left.
function part(array, ...index) {
  let { data, shape } = array;
  for (const i of index) {
    shape = shape.slice(1);
    const size = shape.reduce((product, each) => product * each, 1);
    data = data.subarray(i * size, (i + 1) * size);
  }
  return shape.length ? { data, shape } : data[0];
}

// Every array of a nested description, cut at the same indices.
function partOf(tree, ...index) {
  if (tree === null || tree === undefined) return null;
  if (typeof tree === "number") return part(arrays[tree], ...index);
  if (Array.isArray(tree)) return tree.map((each) => partOf(each, ...index));
  return Object.fromEntries(Object.entries(tree).map(([name, each]) => [name, partOf(each, ...index)]));
}

const agents = Object.entries(header.teams).flatMap(([team, names]) =>
  names.map((name, index) => ({ name, team, index, entity: scene ? scene.entities.indexOf(name) : -1 })));

class Episode {
  constructor(told) {
    this.tracks = told.tracks;
    this.frames = told.frames;
    this.pictures = told.pictures;
    const first = Object.values(told.tracks)[0];
    this.rows = arrays[first.reward].shape[0];
    const ofTracks = (measure) => Object.fromEntries(Object.entries(told.tracks).map(([team, track]) => [team, measure(track)]));
    this.returns = ofTracks((track) => this.summed(arrays[track.reward]));
    this.ends = ofTracks((track) => this.firstEnds(arrays[track.ends]));
    this.teamReturns = ofTracks((track) => this.together(this.summed(arrays[track.reward])));
  }

  // Rewards so far, [T, A].
  summed({ data, shape }) {
    const total = new Float64Array(data), width = shape[1];
    for (let i = width; i < total.length; i++) total[i] += total[i - width];
    return { data: total, shape };
  }

  // The row in which the episode of each agent ended, or Infinity, [A].
  firstEnds({ data, shape: [rows, width] }) {
    const firsts = new Array(width).fill(Infinity);
    for (let i = rows * width - 1; i >= 0; i--) if (data[i]) firsts[i % width] = Math.floor(i / width);
    return firsts;
  }

  // Sums over agents, [T].
  together({ data, shape: [rows, width] }) {
    return Array.from({ length: rows }, (_, step) => data.subarray(step * width, (step + 1) * width).reduce((sum, value) => sum + value, 0));
  }

  returnOf(agent, step) {
    const { data, shape } = this.returns[agent.team];
    return data[step * shape[1] + agent.index];
  }

  asks(agent, step) { return Boolean(part(arrays[this.tracks[agent.team].asks], step, agent.index)); }

  endOf(agent) { return this.ends[agent.team][agent.index]; }

  // Looks of all entities at a step, -1 for those that are not there.
  looks(step) { return part(arrays[this.frames.look], step).data; }

  places(step) { return part(arrays[this.frames.place], step).data; }

  health(step, entity) {
    if (!this.frames || typeof this.frames.health !== "number" || entity < 0) return NaN;
    return part(arrays[this.frames.health], step, entity);
  }

  facing(step, entity) { return typeof this.frames.facing === "number" ? part(arrays[this.frames.facing], step, entity) : -1; }

  isThere(agent, step) {
    if (this.frames && agent.entity >= 0) return this.looks(step)[agent.entity] >= 0;
    return this.asks(agent, step) || step <= this.endOf(agent);
  }
}

// The colour of a team: that of its first agent on the grid, else one of the palette.
function teamColour(episode, team) {
  if (episode.frames) {
    const member = agents.find((agent) => agent.team === team && agent.entity >= 0);
    if (member) {
      for (let step = 0; step < episode.rows; step++) {
        const look = episode.looks(step)[member.entity];
        if (look >= 0) return scene.looks[look].colour;
      }
    }
  }
  return header.colours[Object.keys(header.teams).indexOf(team) % header.colours.length];
}
