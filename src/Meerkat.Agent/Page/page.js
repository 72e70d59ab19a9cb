// The device's page: asks OTA.Status again and again and shows what it says. Whatever comes from the device or from a file's name is
// set as text, never as markup.

const ANSWER_LIMIT = 5000; // ms
const INFO_EVERY = 30000; // ms
const LONG_RESTART = 60000; // ms
const SHOWN_OUTPUT = 4096; // bytes of output in a status, less what is left of a cut character
const STEPS = ["send", "install", "restart", "trial", "commit"];
const INSTALLING = ["receiving", "writing", "verifying"]; // phases of OTA.Status
const MOST_COMMIT_TIMEOUT = 604800; // s

const $ = (id) => document.getElementById(id);

let status = null; // the last answer to OTA.Status
let info = null; // the last answer to Sys.GetInfo
let infoAt = -Infinity;
let failures = 0; // calls in a row that were not answered
let silentSince = 0;
let restarting = false; // the silence that follows is meant
let deadlineAt = null; // on the clock of performance.now()
let happened = 0; // counts what people have done here: an answer from before that is old
let sending = null; // this page's own upload, see send()
let journey = null; // the update that is on its way: { step, failed }
let outcome = null; // how it ended while this page looked on: { kind, reason }
let unanswerable = null; // why the device will not answer this page, in words
let allOutput = null; // the whole output, once asked for: { time, text }

// ---- calls ----------------------------------------------------------------------------------------------------------------

class Refusal extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** The result; throws a Refusal in the device's words, or whatever fetch throws when nobody answers. */
async function call(method, parameters = {}) {
  // POST, because a browser names its page in Origin then, and the device wants to know it.
  const answer = await fetch("/rpc/" + method, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(parameters),
    cache: "no-store",
    signal: AbortSignal.timeout(ANSWER_LIMIT),
  });
  const text = await answer.text();
  if (answer.ok) {
    return JSON.parse(text);
  }
  let error;
  try {
    error = JSON.parse(text);
  } catch {
    throw new Refusal(answer.status, answer.status === 404
      ? "It takes no calls (rpc.enable is false), and this page works by calls alone."
      : text.trim() || "It answers with HTTP " + answer.status);
  }
  throw new Refusal(error.code, error.message);
}

async function look() {
  const asked = happened;
  try {
    const now = await call("OTA.Status");
    if (asked !== happened) {
      return wake(); // an answer of before
    }
    take(now);
    if (performance.now() - infoAt > INFO_EVERY) {
      await lookAround();
    }
  } catch (fault) {
    miss(fault);
  }
  show();
}

async function lookAround() {
  infoAt = performance.now();
  try {
    info = await call("Sys.GetInfo");
  } catch {
    // The page does without it, and asks again later.
  }
}

function take(now) {
  const before = status;
  status = now;
  failures = 0;
  unanswerable = null;
  deadlineAt = typeof now.deadline_left === "number" ? performance.now() + now.deadline_left * 1000 : null;
  restarting = ["armed", "trial"].includes(now.phase);
  if (!before || before.phase !== now.phase || before.running_slot !== now.running_slot) {
    infoAt = -Infinity;
  }
  if (sending) {
    sending.noticed ||= INSTALLING.includes(now.phase);
    // A browser reads an answer only when all is sent; the device's status has the refusal minutes earlier.
    if (now.state === 2 && (sending.noticed || now.message !== sending.earlier)) {
      sending.refusal = now.message;
      sending.request.abort();
    }
  }
  if (INSTALLING.includes(now.phase)) {
    outcome = null;
    problem("install-problem", null);
    journey = { step: sending && sending.sent < sending.total ? "send" : "install" };
  } else if (now.phase === "armed") {
    journey = { step: "restart" };
  } else if (now.phase === "trial") {
    journey = { step: "trial" };
  } else if (now.phase === "held") {
    journey = null; // it goes on when somebody wants it to
  }
  if (!before) {
    return;
  }
  if (now.reason && now.reason.time !== before.reason?.time) {
    outcome = { kind: now.reason.code === "reverted" ? "reverted" : "fell back", reason: now.reason };
    journey = { step: "trial", failed: true };
  } else if (journey?.step === "trial" && !journey.failed && now.phase === "idle" && now.is_committed) {
    outcome = { kind: "committed" };
    journey = { step: "commit" };
  } else if (now.phase === "idle" && !sending && ["send", "install"].includes(journey?.step)) {
    journey = null; // it was refused or given up
  }
}

function miss(fault) {
  if (fault instanceof Refusal && fault.code === 418) {
    restarting = true;
  } else if (fault instanceof Refusal) {
    unanswerable = fault.message;
  }
  if (failures++ === 0) {
    silentSince = performance.now();
  }
  infoAt = -Infinity;
}

// ---- the loop -------------------------------------------------------------------------------------------------------------

let hurry = false;
let endPause = () => {};

/** Looks again now, not when the pause is over. */
function wake() {
  hurry = true;
  endPause();
}

async function watch() {
  for (;;) {
    hurry = false;
    await look();
    if (!hurry) {
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, interval());
        endPause = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

function interval() {
  if (failures > 0) {
    return Math.min(400 * 2 ** (failures - 1), 5000);
  }
  const calm = status?.phase === "idle" && !sending;
  return (calm ? 2000 : 700) * (document.hidden ? 5 : 1);
}

// ---- what is shown --------------------------------------------------------------------------------------------------------

// One call that is lost means nothing, unless the silence has a reason.
const offline = () => failures > (restarting || unanswerable !== null ? 0 : 1);
const installing = () => INSTALLING.includes(status?.phase);
const named = (version) => version || "a firmware without a version";
const fallback = () => status.slots?.find((slot) => slot.slot === status.fallback_slot);

/** Tone, a word for the badge, a headline and a sentence. */
function words() {
  const version = named(status?.version);
  if (offline() && restarting) {
    const long = performance.now() - silentSince > LONG_RESTART;
    return ["busy", "Restarting", "Restarting …", long
      ? "This takes longer than usual. The page keeps asking and comes back by itself."
      : "The device starts its firmware. This page comes back by itself."];
  }
  if (offline()) {
    return unanswerable === null
      ? ["bad", "Not reachable", "The device is not reachable", "Is it on, and in the same network? The page keeps asking and comes back by itself."]
      : ["bad", "No answer", "The device does not answer this page", unanswerable];
  }
  if (!status) {
    return ["busy", "Connecting", "Asking the device …", ""];
  }
  if (sending && sending.sent < sending.total) {
    return ["busy", "Installing", `Sending ${sending.name}`, `${version} goes on running until the whole bundle is there and verified.`];
  }
  if (installing() || sending) {
    return ["busy", "Installing", "Installing an update", `${version} goes on running until the whole bundle is there and verified.`];
  }
  switch (status.phase) {
    case "armed":
      return status.is_committed
        ? ["warn", "Slot changes", `${named(status.slots?.[status.active_slot]?.version)} starts at the next restart`,
          `${version} runs until then. The boot state was set by hand; Revert takes that back.`]
        : ["busy", "Restarting", "Restarting into the update …", "The update is installed. The device restarts and tries it."];
    case "held":
      return ["warn", "Update waits", `${named(status.slots?.[status.held_slot]?.version)} is installed and waits`,
        status.activates_itself
          ? `${version} runs until the device's gate lets the update start; it is asked again and again.`
          : `It is verified. ${version} runs until you activate it.`];
    case "recovery":
      return ["bad", "Recovery", "No firmware can start", "Neither slot holds a firmware that may run. Install a bundle to bring the device back."];
    case "trial":
      return ["warn", "On trial", `${version} is on trial`, trialWords(version)];
  }
  if (status.is_committed === false) {
    return ["warn", "Not committed", `${version} goes on trial at the next restart`, "The boot state was set by hand. Commit or revert takes that back."];
  }
  if (status.ready === false && !outcome) {
    return ["warn", "Not ready", `${version} is not ready yet`, "It is committed and has not said or shown that it works: it may still be starting, or crash again and again."];
  }
  switch (outcome?.kind) {
    case "fell back":
      return ["bad", "Fell back", `Fell back to ${version}`, `${named(outcome.reason.version)} did not stay: ${outcome.reason.text}.`];
    case "reverted":
      return ["good", "Committed", `Reverted to ${version}`, `${named(outcome.reason.version)} was given up because somebody asked for it.`];
    case "committed":
      return ["good", "Committed", `${version} is committed`, "It stays, also after a restart or a power cut."];
  }
  return ["good", "Committed", `${version} runs`, "It is committed: it stays, also after a restart or a power cut."];
}

function trialWords(version) {
  const back = fallback();
  const old = back?.version ? back.version : "the old firmware";
  if (status.ready === false) {
    return `It has started and is not ready yet. Whatever ends it now brings ${old} back.`;
  }
  if (status.health?.state === "waiting") {
    return `It commits by itself once its health contract holds. Without that, or a commit, the device goes back to ${old}.`;
  }
  return status.commit_timeout === 0
    ? `It commits by itself once it has been ready for a while. Whatever ends it before that brings ${old} back.`
    : `Look whether it works. Commit to keep it; without a commit the device goes back to ${old}.`;
}

/** Why nothing can be installed now; null when something can. */
function obstacle() {
  if (offline() || !status) return "The device does not answer at the moment.";
  if (sending) return "This page is sending a bundle.";
  if (installing()) return "Another update is being installed.";
  if (status.phase === "trial") return "Commit or revert the firmware on trial first.";
  if (status.phase === "armed") return status.is_committed ? "Restart the device, or revert, first." : "The device is about to restart.";
  if (status.phase === "idle" && status.is_committed === false) return "Commit or revert what was set by hand first.";
  return null;
}

function show() {
  const [tone, badge, headline, explanation] = words();
  document.body.dataset.tone = tone;
  text($("badge"), badge);
  text($("headline"), headline);
  text($("explanation"), explanation);
  const title = info?.id ?? "Meerkat device";
  text($("device"), title);
  document.title = `${badge} – ${title}`;

  const warnings = status?.record_problem ? [`The boot record cannot be written: ${status.record_problem}`] : [];
  list($("warnings"), warnings, (warning) => element("li", "", warning));

  const present = !offline() && status;
  const byHand = present && status.phase === "idle" && status.is_committed === false;
  $("commit").hidden = !(present && status.phase === "trial") && !byHand;
  $("activate").hidden = !(present && status.phase === "held");
  text($("revert"), status?.phase === "held" ? "Discard" : "Revert");
  $("revert").hidden = !(present && ["trial", "held", "armed"].includes(status.phase)) && !byHand;
  $("cancel").hidden = !sending;

  showSteps();
  showTransfer();
  showInstall();
  showSlots();
  showHealth();
  showFallBack();
  showFacts();
  tick();
}

function showSteps() {
  const steps = $("steps");
  steps.hidden = !journey || !status;
  const at = STEPS.indexOf(journey?.step);
  for (const item of steps.children) {
    const place = STEPS.indexOf(item.dataset.step);
    const reached = place === at && journey.step !== "commit";
    item.classList.toggle("done", place < at || journey?.step === "commit");
    item.classList.toggle("failed", Boolean(reached && journey.failed));
    if (reached && !journey.failed) {
      item.setAttribute("aria-current", "step");
    } else {
      item.removeAttribute("aria-current");
    }
  }
}

function showTransfer() {
  const transfer = $("transfer");
  transfer.hidden = !sending && !(installing() && !offline());
  if (sending) {
    const percent = sending.total ? Math.floor((sending.sent / sending.total) * 100) : 0;
    bar(percent, sending.sent < sending.total
      ? `${size(sending.sent)} of ${size(sending.total)} sent (${percent} %)`
      : "All is sent; the device verifies it");
  } else if (installing()) {
    bar(status.progress_percent, `Somebody else installs an update: ${status.progress_percent} %`);
  }
}

function bar(percent, caption) {
  $("transfer-bar").value = percent;
  text($("transfer-words"), caption);
}

function showInstall() {
  const why = obstacle();
  $("install").classList.toggle("closed", why !== null);
  $("file").disabled = why !== null;
  $("drop").querySelector("label").hidden = why !== null;
  text($("drop-words"), why ?? "Drop a bundle here, or");
  if (status?.state === 2 && !sending && !offline() && $("install-problem").hidden && status.message !== dismissed) {
    problem("install-problem", `The last update did not succeed: ${status.message}`);
  }
}

let dismissed = null; // the refusal that stood there before a new attempt

function showSlots() {
  list($("slots"), status?.slots ?? [], (slot) => {
    const roles = [];
    if (slot.slot === status.running_slot) roles.push("running");
    if (slot.slot === status.active_slot && slot.slot !== status.running_slot) roles.push("starts next");
    if (slot.slot === status.fallback_slot) roles.push("fallback");
    const card = element("div", "slot" + (slot.slot === status.running_slot ? " running" : ""));
    const head = element("h3", "", `Slot ${slot.slot}`);
    head.append(element("span", "role", roles.join(", ")));
    card.append(head, element("p", "version", slot.version || (slot.state === "empty" ? "Empty" : "–")));
    if (slot.build_id) card.append(element("p", "build", slot.build_id));
    if (slot.state !== "empty") card.append(element("p", "state " + slot.state, slot.state));
    return card;
  }, [status?.running_slot, status?.active_slot, status?.fallback_slot]);
}

function showHealth() {
  const health = status?.health;
  $("health").hidden = !health;
  if (!health) {
    return;
  }
  const of = named(health.version);
  text($("health-words"), {
    waiting: health.min_time > 0 ? `${of} commits by itself when all of this holds, after ${health.min_time} s at the earliest.` : `${of} commits by itself when all of this holds.`,
    held: `${of} was committed, because all of this held.`,
    failed: `${of} was given up, because not all of this held.`,
  }[health.state] ?? `What was found last in the trial of ${of}, which ended otherwise.`);
  const probes = health.probes.length > 0 ? health.probes : [{ name: "contract", held: false, last: health.problem }];
  list($("probes"), probes, (probe) => {
    const line = element("li", probe.held ? "held" : "not-held");
    line.append(element("strong", "", probe.name), element("span", "", probe.held ? "holds" : "does not hold"), element("span", "found", probe.last));
    return line;
  });
}

function showFallBack() {
  const reason = status?.reason;
  $("fall-back").hidden = !reason;
  if (!reason) {
    return;
  }
  if (outcome?.kind === "fell back" && $("now").nextElementSibling !== $("fall-back")) {
    $("now").after($("fall-back")); // what people want to read now
  }
  text($("reason"), `${named(reason.version)} in slot ${reason.slot} was given up: ${reason.text}.`);
  const when = new Date(reason.time);
  text($("reason-when"), isNaN(when) ? "" : when.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" }));
  const whole = allOutput?.time === reason.time;
  const output = whole ? allOutput.text : status.last_output;
  $("output").hidden = !output;
  text($("output-text"), output ?? "");
  $("output-more").hidden = whole || new TextEncoder().encode(output ?? "").length < SHOWN_OUTPUT - 3;
}

function showFacts() {
  const free = info && typeof info.fs_free === "number" ? `${size(info.fs_free)} of ${size(info.fs_size)}` : "–";
  const facts = info
    ? [
      ["Firmware", info.app || "–"],
      ["Platform", info.arch || "–"],
      ["Free space", free],
      ["Boot loader", info.boot_version || "–"],
      ["Agent", info.agent_version || "–"],
    ]
    : [];
  list($("facts"), facts, ([name, value]) => {
    const pair = element("div", "");
    pair.append(element("dt", "", name), element("dd", "", value));
    return pair;
  });
}

/** What changes by the clock alone. */
function tick() {
  const shown = deadlineAt !== null && status?.phase === "trial" && !offline();
  $("countdown").hidden = !shown;
  if (shown) {
    const left = Math.max(0, Math.ceil((deadlineAt - performance.now()) / 1000));
    text($("left"), clock(left));
  }
}

function clock(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  return seconds < 3600
    ? `${minutes}:${two(seconds % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

function size(bytes) {
  for (const [unit, least] of [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) {
    if (bytes >= least) return `${(bytes / least).toFixed(bytes >= 10 * least ? 0 : 1)}\u00a0${unit}`;
  }
  return `${bytes}\u00a0bytes`;
}

// Untouched where nothing changed: a reader of the screen repeats what is set again, and a selection would be lost.
function text(node, value) {
  if (node.textContent !== value) node.textContent = value;
}

function list(node, items, make, also = null) {
  const key = JSON.stringify([items, also]);
  node.hidden = items.length === 0;
  if (node.dataset.key !== key) {
    node.dataset.key = key;
    node.replaceChildren(...items.map(make));
  }
}

function element(tag, classes, content = "") {
  const node = document.createElement(tag);
  node.className = classes;
  node.textContent = content;
  return node;
}

function problem(id, message) {
  text($(id), message ?? "");
  $(id).hidden = !message;
}

// ---- what people do -------------------------------------------------------------------------------------------------------

async function act(button, method) {
  problem("action-problem", null);
  button.disabled = true;
  try {
    await call(method);
    // The button is about to vanish, and the keyboard would start again at the top.
    $("headline").focus();
  } catch (fault) {
    problem("action-problem", fault instanceof Refusal ? `The device refused: ${fault.message}` : "The device did not answer; it may have restarted.");
  } finally {
    button.disabled = false;
    happened++;
    wake();
  }
}

async function install(files) {
  if (files.length === 0) {
    return;
  }
  const [file] = files;
  const why = obstacle()
    ?? (files.length > 1 ? `One bundle at a time, please: these are ${files.length} files.` : null)
    ?? timeoutProblem()
    ?? await bundleProblem(file);
  problem("install-problem", why);
  if (!why) {
    send(file);
  }
}

function timeoutProblem() {
  const field = $("timeout");
  return field.checkValidity() ? null : `Commit within: a whole number of seconds from 0 to ${MOST_COMMIT_TIMEOUT}, please.`;
}

/** Looks at a file's name and first bytes, so that a film is not sent for minutes to be refused. */
async function bundleProblem(file) {
  const what = `${file.name} (${size(file.size)})`;
  if (!/\.zip$/i.test(file.name)) {
    return `${what} is no bundle: a bundle is a .zip file. Nothing was sent.`;
  }
  let first;
  try {
    first = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  } catch {
    return `${file.name} cannot be read. A bundle is one .zip file, not a folder. Nothing was sent.`;
  }
  const isZip = [0x50, 0x4b, 3, 4].every((byte, place) => first[place] === byte);
  return isZip ? null : `${what} is no bundle: it is called .zip, but it does not begin as a zip archive does. Nothing was sent.`;
}

function send(file) {
  const form = new FormData();
  form.append("commit_timeout", $("timeout").value);
  form.append("file", file, file.name);
  const request = new XMLHttpRequest();
  const own = {
    request,
    name: file.name,
    sent: 0,
    total: file.size,
    noticed: false, // the device has been seen to take it
    earlier: status.state === 2 ? status.message : null, // the refusal of an earlier update
    refusal: null,
  };
  sending = own;
  happened++;
  journey = { step: "send" };
  outcome = null;
  dismissed = own.earlier;
  problem("action-problem", null);
  request.upload.addEventListener("progress", (event) => {
    own.sent = Math.min(event.loaded, own.total);
    if (own.sent === own.total) journey = { step: "install" };
    show();
  });
  request.addEventListener("load", () => answered(request.status, request.responseText.trim()));
  request.addEventListener("error", () => brokenOff());
  request.addEventListener("abort", () => ended(own.refusal === null
    ? "The sending was stopped. Nothing was installed."
    : refused(own.name, own.refusal)));
  request.open("POST", "/update");
  request.send(form);
  show();
  $("headline").focus();
  wake();
}

const refused = (name, message) => `The device refused ${name}: ${message}`;

function answered(code, said) {
  // The device begins with a number, of use to programs alone.
  const message = said.replace(/^\(?-?\d+\)? /, "") || `HTTP ${code}`;
  if (code === 200) {
    restarting = true;
    journey = { step: "restart" };
    ended(null);
  } else {
    ended(refused(sending.name, message));
  }
}

/** A device that refuses early closes the connection in the end; what it had to say, its status says too. */
async function brokenOff() {
  const { name } = sending;
  let message = `The connection broke off while ${name} was sent. Nothing was installed; try again.`;
  try {
    const now = await call("OTA.Status");
    if (now.state === 2) {
      message = refused(name, now.message);
    } else if (["armed", "trial"].includes(now.phase)) {
      message = null;
    }
  } catch {
    // Nobody answers: the loop goes on asking and says so.
  }
  ended(message);
}

function ended(message) {
  sending = null;
  happened++;
  if (message) {
    journey = null;
    dismissed = null;
  }
  problem("install-problem", message);
  show();
  wake();
}

$("commit").addEventListener("click", (event) => act(event.currentTarget, "OTA.Commit"));
$("revert").addEventListener("click", (event) => act(event.currentTarget, "OTA.Revert"));
$("activate").addEventListener("click", (event) => act(event.currentTarget, "OTA.Activate"));
$("cancel").addEventListener("click", () => sending?.request.abort());
$("file").addEventListener("change", (event) => {
  const files = [...event.target.files];
  event.target.value = ""; // the same file again is a new wish
  install(files);
});
$("output-more").addEventListener("click", async () => {
  try {
    const now = await call("OTA.Status", { output: "full" });
    allOutput = { time: now.reason?.time, text: now.last_output ?? "" };
    show();
    $("output-text").focus();
  } catch {
    wake();
  }
});

// The whole window takes what is dropped: a browser would leave this page for a file that misses its mark.
let dragDepth = 0;
const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragenter", (event) => {
  if (carriesFiles(event) && dragDepth++ === 0) document.body.classList.add("dragging");
});
addEventListener("dragleave", (event) => {
  if (carriesFiles(event) && --dragDepth <= 0) endDrag();
});
addEventListener("dragover", (event) => {
  if (carriesFiles(event)) event.preventDefault();
});
addEventListener("drop", (event) => {
  if (carriesFiles(event)) {
    event.preventDefault();
    endDrag();
    install([...event.dataTransfer.files]);
  }
});
function endDrag() {
  dragDepth = 0;
  document.body.classList.remove("dragging");
}

addEventListener("online", () => wake());
addEventListener("visibilitychange", () => document.hidden || wake());
addEventListener("beforeunload", (event) => {
  if (sending) event.preventDefault();
});
setInterval(tick, 250);
watch();
