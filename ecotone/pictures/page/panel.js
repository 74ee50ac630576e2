// What the panel beside the stage says: of one agent, or of the teams.
const MANY = 60;

function tile(name, value, wide = false) {
  const long = String(value).length > 14;
  return element("div", { className: `tile${wide || long ? " wide" : ""}${long ? " long" : ""}` }, element("span", { textContent: name }), element("b", { textContent: value }));
}

class Panel {
  constructor(place) { this.place = place; }

  show(episode, step, agent, choose) {
    this.place.replaceChildren(...(agent ? this.ofAgent(episode, step, agent) : this.ofTeams(episode, step, choose)));
  }

  status(episode, step, agent) {
    const end = episode.endOf(agent);
    if (step === end) return "its episode ends here";
    if (step > end) return `ended at step ${end}`;
    if (episode.asks(agent, step)) return "acts";
    if (step === episode.rows - 1) return "the recording ends here";
    return episode.isThere(agent, step) ? "waits" : "is not there";
  }

  ofAgent(episode, step, agent) {
    const track = episode.tracks[agent.team], here = (tree) => partOf(tree, step, agent.index);
    const heading = element("h2", {}, agent.name), acts = episode.asks(agent, step);
    heading.style.borderLeft = `10px solid ${teamColour(episode, agent.team)}`;
    heading.style.paddingLeft = "10px";
    const team = agents.length > 1 && agent.team !== agent.name ? `${agent.team}: ` : "";
    const tiles = element("div", { className: "tiles" }, tile("reward", number(here(track.reward))), tile("return so far", number(episode.returnOf(agent, step))));
    tiles.append(tile("action", acts ? actionText(here(track.action), agent.team) : "none", true));
    const health = episode.health(step, agent.entity);
    if (!Number.isNaN(health)) tiles.append(this.healthTile(health));
    const values = Array.from({ length: episode.rows }, (_, i) => episode.returnOf(agent, i));
    const there = acts || step <= episode.endOf(agent);
    const seen = there ? observed(here(track.observation)) : [element("p", { className: "quiet", textContent: "nothing" })];
    return [heading, element("p", { className: "quiet", id: "status", textContent: team + this.status(episode, step, agent) }), tiles,
      element("h3", { textContent: "Return over the episode" }), curves([{ values, colour: teamColour(episode, agent.team) }], step, episode.rows),
      element("h3", { textContent: "Sees" }), ...seen];
  }

  healthTile(health) {
    const bar = element("div", { className: "health" }, element("i")), made = tile("health", number(health), true);
    bar.firstChild.style.width = `${Math.max(0, Math.min(1, health)) * 100}%`;
    made.append(bar);
    return made;
  }

  ofTeams(episode, step, choose) {
    const rows = Object.keys(header.teams).map((team) => {
      const members = agents.filter((agent) => agent.team === team);
      const present = members.filter((agent) => episode.isThere(agent, step)).length;
      const values = episode.teamReturns[team];
      return { team, members, present, values, colour: teamColour(episode, team) };
    });
    const table = element("table");
    table.innerHTML = '<tr><th>team</th><th class="n">there</th><th class="n">return so far</th></tr>';
    for (const { team, members, present, values, colour } of rows) {
      const mark = swatch({ shape: "circle", colour });
      const row = element("tr");
      row.innerHTML = `<td>${mark}</td><td class="n">${present} of ${members.length}</td><td class="n">${number(Number(values[step].toFixed(3)))}</td>`;
      row.firstChild.append(team);
      table.append(row);
    }
    const chips = element("div", { className: "chips" });
    for (const agent of agents.slice(0, MANY)) {
      const chip = element("button", { textContent: agent.name, className: episode.isThere(agent, step) ? "" : "gone", onclick: () => choose(agent) });
      chips.append(chip);
    }
    const more = agents.length > MANY ? [element("p", { className: "quiet", textContent: `and ${agents.length - MANY} more: click them on the grid, or choose above.` })] : [];
    return [element("h2", { textContent: `${agents.length} agents` }), element("p", { className: "quiet", textContent: `${episode.frames ? "Click" : "Choose"} one to see what it sees, does and gets.` }),
      element("h3", { textContent: "Teams" }), table,
      element("h3", { textContent: "Return over the episode, by team" }), curves(rows, step, episode.rows),
      element("h3", { textContent: "Agents" }), chips, ...more];
  }
}
