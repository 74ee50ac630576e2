// Time, controls and keys.
const SPEEDS = [0.5, 1, 2, 4, 8, 15, 30, 50, 60, 120];
const SMOOTH = 12; // steps per second up to which the way between steps is drawn
const PLAY = "M6 3v18l15-9z", PAUSE = "M5 3h5v18H5zM14 3h5v18h-5z";

class Player {
  constructor() {
    this.byId = Object.fromEntries([...document.querySelectorAll("[id]")].map((each) => [each.id, each]));
    this.episodes = header.episodes.map((told) => new Episode(told));
    this.stage = new Stage(this.byId.canvas);
    this.panel = new Panel(this.byId.panel);
    this.number = 0;
    this.step = 0;
    this.along = 0;
    this.playing = false;
    this.agent = agents.length === 1 ? agents[0] : null;
    this.speed = SPEEDS.reduce((best, each) => (Math.abs(each - header.rate) < Math.abs(best - header.rate) ? each : best));
    this.fillLists();
    this.listen();
    this.readAddress();
    this.show();
  }

  get episode() { return this.episodes[this.number]; }

  get last() { return this.episode.rows - 1; }

  fillLists() {
    const { episode, episodes, agent, agents: chooser, speed, legend } = this.byId;
    episode.append(...this.episodes.map((_, i) => new Option(`${i + 1} of ${this.episodes.length}`, i)));
    episodes.hidden = this.episodes.length === 1;
    agent.append(new Option("all", ""));
    for (const team of Object.keys(header.teams)) {
      const group = element("optgroup", { label: team });
      agents.forEach((each, i) => { if (each.team === team) group.append(new Option(each.name, i)); });
      agent.append(group);
    }
    chooser.hidden = agents.length === 1;
    speed.append(...SPEEDS.map((each) => new Option(`${each} step${each === 1 ? "" : "s"}/s`, each)));
    for (const look of this.looksSeen()) {
      const entry = element("li");
      entry.innerHTML = swatch(look);
      entry.append(look.label);
      legend.append(entry);
    }
  }

  looksSeen() {
    const seen = new Set(this.episodes.flatMap(({ frames }) => (frames ? [...new Set(arrays[frames.look].data)] : [])));
    return (scene?.looks || []).filter((_, i) => seen.has(i));
  }

  listen() {
    const { byId } = this, on = (id, event, action) => byId[id].addEventListener(event, action);
    on("first", "click", () => this.go(0));
    on("back", "click", () => this.go(this.step - 1));
    on("play", "click", () => this.toggle());
    on("forward", "click", () => this.go(this.step + 1));
    on("last", "click", () => this.go(this.last));
    on("scrub", "input", () => this.go(Number(byId.scrub.value)));
    on("episode", "change", () => { this.number = Number(byId.episode.value); this.go(0); });
    on("agent", "change", () => this.choose(byId.agent.value === "" ? null : agents[byId.agent.value]));
    on("speed", "change", () => { this.speed = Number(byId.speed.value); this.show(); });
    on("canvas", "click", (event) => this.click(event));
    window.addEventListener("resize", () => this.show());
    document.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("keyup", (event) => { if (event.key === " ") event.preventDefault(); }); // presses no button
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.tagName === "SELECT" && event.key !== "Escape") return;
    const faster = (by) => { this.speed = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, SPEEDS.indexOf(this.speed) + by))]; this.show(); };
    const actions = {
      " ": () => this.toggle(), k: () => this.toggle(),
      ArrowLeft: () => this.go(this.step - 1), ArrowRight: () => this.go(this.step + 1),
      Home: () => this.go(0), End: () => this.go(this.last),
      ArrowUp: () => faster(1), ArrowDown: () => faster(-1),
      n: () => this.next(1), p: () => this.next(-1), Escape: () => this.choose(null),
    };
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (action) { event.preventDefault(); action(); }
  }

  // Several agents in one cell are taken in turn.
  click(event) {
    const found = this.stage.agentsAt(this.episode, this.step, event);
    this.choose(found.length ? found[(found.indexOf(this.agent) + 1) % found.length] : null);
  }

  next(by) {
    const index = this.agent ? agents.indexOf(this.agent) + by : by > 0 ? 0 : -1;
    this.choose(agents[(index + agents.length) % agents.length]);
  }

  choose(agent) { this.agent = agents.length === 1 ? agents[0] : agent; this.show(); }

  go(step) {
    this.step = Math.max(0, Math.min(this.last, step));
    this.along = 0;
    this.playing = false;
    this.show();
  }

  toggle() {
    this.playing = !this.playing;
    if (this.playing && this.step === this.last) this.step = 0;
    this.then = performance.now();
    if (this.playing) requestAnimationFrame((now) => this.tick(now));
    else this.along = 0;
    this.show();
  }

  tick(now) {
    if (!this.playing) return;
    const passed = this.along + Math.max(now - this.then, 0) / 1000 * this.speed;
    this.then = now;
    const before = this.step;
    this.step = Math.min(this.step + Math.floor(passed), this.last);
    this.along = passed % 1;
    if (this.step === this.last) { this.playing = false; this.along = 0; }
    if (this.step !== before || !this.playing) this.show();
    else if (this.speed <= SMOOTH && this.episode.frames) this.stage.draw(this.episode, this.step, this.along, this.agent);
    if (this.playing) requestAnimationFrame((next) => this.tick(next));
  }

  // Places in a recording can be pointed at: page.html#episode=2&step=14&agent=red_3
  readAddress() {
    const said = new URLSearchParams(location.hash.slice(1));
    this.number = Math.max(0, Math.min(this.episodes.length, Number(said.get("episode") || 1)) - 1);
    this.step = Math.max(0, Math.min(this.last, Number(said.get("step") || 0)));
    this.agent = agents.find(({ name }) => name === said.get("agent")) || this.agent;
  }

  show() {
    const { byId, step } = this;
    byId.scrub.max = this.last;
    byId.scrub.value = step;
    byId.count.textContent = `step ${step} of ${this.last}`;
    byId.play.querySelector("path").setAttribute("d", this.playing ? PAUSE : PLAY);
    byId.play.setAttribute("aria-label", this.playing ? "Pause" : "Play");
    byId.speed.value = this.speed;
    byId.episode.value = this.number;
    byId.agent.value = this.agent ? agents.indexOf(this.agent) : "";
    this.stage.draw(this.episode, step, this.playing && this.speed <= SMOOTH ? this.along : 0, this.agent);
    this.panel.show(this.episode, step, this.agent, (agent) => this.choose(agent));
  }
}

let player;
readArrays().then(() => { player = new Player(); });
