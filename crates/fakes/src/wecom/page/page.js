"use strict";
// The page: messages of the member whom one acts as, and what they press and write.

const byId = id => document.getElementById(id);
const list = byId("list");
const EVERYBODY = "";
let directory = {apps: [], members: []};
let member = decodeURIComponent(location.hash.slice(1));
// Messages by number: the JSON that they were drawn from, and their element.
const drawn = new Map();
// Results of presses by message id, and texts that were written here.
const results = new Map();

async function ask(path, body) {
  const answer = await fetch(`control/${path}`, body && {method: "POST", headers: {"content-type": "application/json"}, body: JSON.stringify(body)});
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text ? JSON.parse(text) : null;
}

// Says in one line what came of a callback.
function summary(delivery) {
  const last = delivery.tries.at(-1);
  if (delivery.outcome === "held") return "held back, until it is released";
  const times = delivery.tries.length > 1 ? ` · ${delivery.tries.length} tries` : "";
  const reply = last.reply === "none" ? "" : last.reply.valid ? ` · replies ${last.reply.valid.msgtype}` : ` · ${last.reply.invalid.problem}`;
  return `${delivery.outcome}${last.problem ? `: ${last.problem}` : ""} · ${last.milliseconds} ms${times}${reply}`;
}

// Does something that calls the app back, and shows what came of it.
async function act(what, path, body) {
  let good = true;
  let text;
  try {
    const delivery = await ask(path, body);
    good = path === "verify" ? delivery.passed : delivery.outcome !== "lost";
    text = path === "verify" ? `${delivery.passed ? "passed" : delivery.problem} · ${delivery.milliseconds} ms` : summary(delivery);
  } catch (error) {
    good = false;
    text = error.message;
  }
  byId("log").prepend(el("li", {}, what, el("small", {class: good ? "good" : "bad"}, text)));
  while (byId("log").children.length > 20) byId("log").lastChild.remove();
  await refresh();
  return {good, text};
}

function meta(m) {
  const to = ["", "部门 ", "标签 "].map((label, i) => m.to[i] ? label + m.to[i] : "").filter(Boolean).join("  ");
  const updated = Object.keys(m.faces);
  const notes = [
    member === EVERYBODY ? `→ ${to} · ${m.delivered.length} 人` : `→ ${to}`,
    m.safe ? "保密" : "",
    m.cut ? el("span", {class: "bad"}, "silently cut") : "",
    m.dropped.length ? el("span", {class: "bad"}, `silently dropped for ${m.dropped.join(", ")}`) : "",
    member === EVERYBODY && updated.length ? `updated for ${updated.join(", ")}` : "",
  ].filter(Boolean);
  return el("div", {class: "meta"}, notes.flatMap((note, i) => i ? [" · ", note] : [note]));
}

function draw(m) {
  const isCard = m.msgtype === "template_card";
  const face = m.faces[member] ?? m.content;
  const press = member === EVERYBODY || m.recalled || m.dropped.includes(member) ? null : async (key, selected) => {
    const {good, text} = await act(`${member}: ${key}`, "click", {msgid: m.msgid, userid: member, key, selected: selected ?? []});
    results.get(m.msgid)?.remove();
    results.set(m.msgid, el("div", {class: `meta ${good ? "good" : "bad"}`}, text));
    drawn.get(m.number)?.element.querySelector(".body").append(results.get(m.msgid));
  };
  const body = isCard ? templateCard(face, press) : plain(m.msgtype, m.content, m.at);
  const wide = body.classList.contains("card") ? "body wide" : "body";
  const app = directory.apps.find(app => app.agent_id === m.agent_id);
  return el("article", {class: [m.recalled ? "recalled" : "", m.dropped.includes(member) ? "dropped" : ""].join(" ")},
    el("div", {class: "time"}, new Date(m.at).toLocaleTimeString("zh-CN")),
    el("div", {class: "row"}, el("div", {class: "avatar", "aria-hidden": "true"}, (app?.name ?? "A").slice(0, 1)), el("div", {class: wide}, body, meta(m), results.get(m.msgid))),
    m.recalled ? el("div", {class: "mark"}, "应用撤回了这条消息 · recalled") : null);
}

const isSeen = m => member === EVERYBODY || m.delivered.includes(member) || m.dropped.includes(member);

function redraw(number) {
  const known = drawn.get(number);
  if (!known) return;
  const element = draw(JSON.parse(known.json));
  known.element.replaceWith(element);
  known.element = element;
}

function show(messages) {
  const atEnd = list.scrollTop + list.clientHeight > list.scrollHeight - 80;
  let added = false;
  for (const m of messages.filter(isSeen)) {
    // What others see does not matter to this member, whose answers a redrawn card would forget.
    const json = JSON.stringify(member === EVERYBODY ? m : {...m, faces: {[member]: m.faces[member]}});
    const known = drawn.get(m.number);
    if (known?.json === json) continue;
    if (known) {
      known.json = json;
      redraw(m.number);
      continue;
    }
    list.querySelector(".empty")?.remove();
    const element = draw(m);
    drawn.set(m.number, {json, element});
    list.append(element);
    added = true;
  }
  while (list.children.length > 400) list.firstChild.remove();
  if (added && atEnd) list.scrollTop = list.scrollHeight;
}

async function refresh() {
  show(await ask("messages"));
}

function actAs(userid) {
  member = userid;
  location.hash = encodeURIComponent(userid);
  drawn.clear();
  list.replaceChildren(el("p", {class: "empty"}, "还没有消息", el("br"), "No messages yet"));
  const input = byId("text");
  input.disabled = byId("say").querySelector("button").disabled = member === EVERYBODY;
  input.placeholder = member === EVERYBODY ? "先选择成员 Choose who you are" : `${member}：发消息给应用…`;
  refresh().catch(() => {});
}

async function look() {
  const found = await ask("directory");
  if (JSON.stringify(found) === JSON.stringify(directory)) return;
  directory = found;
  const option = (value, text) => el("option", {value, selected: value === member}, text);
  byId("member").replaceChildren(option(EVERYBODY, "所有人 all"), ...found.members.map(other => option(other.userid, other.userid)));
  byId("app").textContent = found.apps.map(app => app.name).join(" · ");
  byId("verify").replaceChildren(...found.apps.map(app => el("button", {type: "button", onclick: () => act(`${app.name}: verify the URL`, "verify", {agent_id: app.agent_id})}, `验证 URL · ${app.name}`)));
  if (!found.members.some(other => other.userid === member)) member = EVERYBODY;
  actAs(member);
}

function count(counts) {
  const numbers = {messages: counts.messages, ...counts.calls, dropped: counts.dropped, cut: counts.cut, duplicates: counts.duplicates};
  for (const [code, times] of Object.entries(counts.refused)) numbers[`refused ${code}`] = times;
  byId("counts").textContent = ["messages", "dropped", "cut", "duplicates"].map(name => `${numbers[name]} ${name}`).join(" · ");
  byId("numbers").replaceChildren(...Object.entries(numbers).flatMap(([name, number]) => [el("dt", {}, name), el("dd", {}, number.toString())]));
}

byId("member").addEventListener("change", event => actAs(event.target.value));
window.addEventListener("hashchange", () => {
  const named = decodeURIComponent(location.hash.slice(1));
  if (named === member || ![EVERYBODY, ...directory.members.map(other => other.userid)].includes(named)) return;
  byId("member").value = named;
  actAs(named);
});
byId("say").addEventListener("submit", async event => {
  event.preventDefault();
  const text = byId("text").value.trim();
  const app = directory.apps[0];
  if (!text || !app || member === EVERYBODY) return;
  byId("text").value = "";
  list.querySelector(".empty")?.remove();
  const note = el("div", {class: "meta"}, "…");
  list.append(el("article", {}, el("div", {class: "row mine"}, el("div", {class: "avatar", "aria-hidden": "true"}, member.slice(0, 1).toUpperCase()), el("div", {class: "body"}, el("div", {class: "bubble text"}, text), note))));
  list.scrollTop = list.scrollHeight;
  const {good, text: came} = await act(`${member}: “${text}”`, "say", {agent_id: app.agent_id, userid: member, text});
  note.textContent = came;
  note.classList.add(good ? "good" : "bad");
});

async function poll() {
  try {
    await look();
    await refresh();
    count(await ask("counts"));
  } catch {
    byId("counts").textContent = "offline";
  }
  setTimeout(poll, 1000);
}
poll();
