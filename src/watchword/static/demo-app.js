// A public OpenID Connect client without a library: authorization code with PKCE, the ID token's
// signature checked, userinfo, refresh and sign-out. What it remembers lives as long as the tab.

const page = document.getElementById("demo");
const panel = document.getElementById("panel");
const phrases = JSON.parse(document.getElementById("phrases").textContent);
const { issuer, clientId, redirectUri, lang } = page.dataset;
const MOMENTS = new Set(["exp", "iat", "auth_time", "updated_at", "created_at"]);

class Failure extends Error {
  constructor(code, detail = "") {
    super(detail);
    this.code = code;
  }
}

const fill = (name) => page.querySelector(`[data-fill="${name}"]`);

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function show(view) {
  for (const section of page.querySelectorAll("[data-view]")) {
    section.hidden = section.dataset.view !== view;
  }
  panel.hidden = view === "working";
}

// --- what this tab remembers

const remembered = (key) => JSON.parse(sessionStorage.getItem(`demo-app.${key}`) ?? "null");
const remember = (key, value) => sessionStorage.setItem(`demo-app.${key}`, JSON.stringify(value));
const forget = (key) => sessionStorage.removeItem(`demo-app.${key}`);

// --- bytes and text

function base64url(bytes) {
  const text = String.fromCharCode(...new Uint8Array(bytes));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function bytesOf(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

const jsonOf = (part) => JSON.parse(new TextDecoder().decode(bytesOf(part)));
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const digest = (text) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));

// --- the protocol

async function call(address, options) {
  let response;
  try {
    response = await fetch(address, options);
  } catch {
    throw new Failure("network");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Failure(body.error ?? "other", body.error_description ?? "");
  return body;
}

const discover = () => call(`${issuer}/.well-known/openid-configuration`);

const tokenRequest = (endpoint, parameters) =>
  call(endpoint, {
    method: "POST",
    body: new URLSearchParams({ client_id: clientId, ...parameters }),
  });

async function signIn(extra = {}) {
  if (!crypto.subtle) throw new Failure("insecure");
  const { authorization_endpoint: endpoint } = await discover();
  const chosen = [...panel.querySelectorAll("[name=scope]:checked")].map((box) => box.value);
  const prompt = new Set(panel.querySelector("[name=prompt]").value.split(" ").filter(Boolean));
  // Offline access needs the person's consent to be asked for.
  if (chosen.includes("offline_access") && !prompt.has("none")) prompt.add("consent");
  const started = { verifier: random(), state: random(), nonce: random() };
  remember("started", started);
  forget("tokens");
  const parameters = {
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: "code",
    scope: chosen.join(" "),
    state: started.state,
    nonce: started.nonce,
    code_challenge: base64url(await digest(started.verifier)),
    code_challenge_method: "S256",
    prompt: [...prompt].join(" "),
    login_hint: panel.querySelector("[name=login_hint]").value.trim(),
    ui_locales: lang,
    ...extra,
  };
  const asked = Object.entries(parameters).filter(([, value]) => value);
  location.assign(`${endpoint}?${new URLSearchParams(asked)}`);
}

async function finishSignIn(answer) {
  const started = remembered("started");
  forget("started");
  if (answer.has("error")) {
    throw new Failure(answer.get("error"), answer.get("error_description") ?? "");
  }
  if (!started || answer.get("state") !== started.state || answer.get("iss") !== issuer) {
    throw new Failure("state");
  }
  const configuration = await discover();
  const tokens = await tokenRequest(configuration.token_endpoint, {
    grant_type: "authorization_code",
    code: answer.get("code"),
    redirect_uri: redirectUri,
    code_verifier: started.verifier,
  });
  const claims = await checked(tokens.id_token, configuration);
  if (claims.nonce !== started.nonce) throw new Failure("token", "nonce");
  remember("tokens", tokens);
}

const ALGORITHMS = {
  ES256: [{ name: "ECDSA", namedCurve: "P-256" }, { name: "ECDSA", hash: "SHA-256" }],
  RS256: [{ name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, { name: "RSASSA-PKCS1-v1_5" }],
};

async function checked(token, configuration) {
  const [head, body, signature] = token.split(".");
  const header = jsonOf(head);
  const { keys } = await call(configuration.jwks_uri);
  const key = keys.find(({ kid, alg }) => kid === header.kid && alg === header.alg);
  if (!key || !(header.alg in ALGORITHMS)) throw new Failure("token", "key");
  const [kind, way] = ALGORITHMS[header.alg];
  const imported = await crypto.subtle.importKey("jwk", key, kind, false, ["verify"]);
  const signed = new TextEncoder().encode(`${head}.${body}`);
  if (!(await crypto.subtle.verify(way, imported, bytesOf(signature), signed))) {
    throw new Failure("token", "signature");
  }
  const claims = jsonOf(body);
  if (claims.iss !== issuer || claims.aud !== clientId) throw new Failure("token", "iss, aud");
  if (claims.exp * 1000 < Date.now()) throw new Failure("token", "exp");
  return claims;
}

async function userinfo() {
  const { userinfo_endpoint: endpoint } = await discover();
  const { access_token: token } = remembered("tokens");
  const claims = await call(endpoint, { headers: { Authorization: `Bearer ${token}` } });
  showAnswer(phrases.userinfo_done, claims);
}

async function refresh() {
  const configuration = await discover();
  const before = remembered("tokens");
  const tokens = await tokenRequest(configuration.token_endpoint, {
    grant_type: "refresh_token",
    refresh_token: before.refresh_token,
  });
  await checked(tokens.id_token, configuration);
  remember("tokens", { ...before, ...tokens });
  showPerson();
  showAnswer(phrases.refresh_done, null);
}

async function signOut() {
  const { end_session_endpoint: endpoint } = await discover();
  const tokens = remembered("tokens");
  const state = random();
  remember("leaving", state);
  forget("tokens");
  const parameters = { id_token_hint: tokens.id_token, post_logout_redirect_uri: redirectUri, state };
  location.assign(`${endpoint}?${new URLSearchParams(parameters)}`);
}

// --- what the person sees

function showAnswer(note, answer) {
  fill("note").textContent = note;
  fill("answer").hidden = answer === null;
  fill("answer").textContent = answer === null ? "" : JSON.stringify(answer, null, 2);
}

function personRow(label, value, verified) {
  const line = element("dd", value, label === phrases.phone ? "main" : "");
  if (verified !== undefined) {
    const words = verified ? phrases.verified : phrases.unverified;
    line.append(element("span", words, verified ? "tag ok" : "tag no"));
  }
  return [element("dt", label), line];
}

function moment(name, value) {
  const milliseconds = name.endsWith("ed_at") ? value : value * 1000;
  return new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "medium" }).format(
    milliseconds,
  );
}

function claimRow([name, value]) {
  const row = element("tr");
  const heading = element("th", name);
  heading.scope = "row";
  const cell = element("td", typeof value === "string" ? value : JSON.stringify(value));
  cell.dataset.claim = name;
  if (MOMENTS.has(name)) cell.append(element("small", moment(name, value)));
  row.append(heading, cell);
  return row;
}

function showPerson() {
  const tokens = remembered("tokens");
  const claims = jsonOf(tokens.id_token.split(".")[1]);
  const rows = [];
  if (claims.phone_number) {
    rows.push(personRow(phrases.phone, claims.phone_number, claims.phone_number_verified));
  }
  if (claims.email) rows.push(personRow(phrases.email, claims.email, claims.email_verified));
  if (claims.username) rows.push(personRow(phrases.username, claims.username));
  if (claims.name) rows.push(personRow(phrases.name, claims.name));
  rows.push(personRow(phrases.user_id, claims.sub));
  fill("person").replaceChildren(...rows.flat());
  fill("claims").replaceChildren(...Object.entries(claims).map(claimRow));
  fill("id-token").textContent = tokens.id_token;
  fill("checked").textContent = phrases.checked;
  page.querySelector('[data-act="refresh"]').hidden = !tokens.refresh_token;
  showAnswer("", null);
  show("signed-in");
}

function showSignedOut(isAfter) {
  for (const part of page.querySelectorAll('[data-view="signed-out"] [data-when]')) {
    part.hidden = (part.dataset.when === "after") !== isAfter;
  }
  show("signed-out");
}

function showFailure(error) {
  const code = error instanceof Failure ? error.code : "other";
  fill("failure").textContent = phrases.failure[code] ?? phrases.failure.other;
  fill("failure-code").textContent = [code, error.message].filter(Boolean).join(": ");
  show("failed");
}

async function attempt(work) {
  try {
    await work();
  } catch (error) {
    showFailure(error);
  }
}

const ACTS = {
  "sign-in": () => signIn(),
  register: () => signIn({ first_screen: "register" }),
  "sign-out": signOut,
  userinfo,
  refresh,
};

page.addEventListener("click", ({ target }) => {
  const act = target.closest("[data-act]")?.dataset.act;
  if (act) attempt(ACTS[act]);
});

attempt(async () => {
  show("working");
  const answer = new URLSearchParams(location.search);
  // The code is spent and the state compared once; neither is left in the history.
  history.replaceState(null, "", location.pathname);
  if (answer.has("code") || answer.has("error")) await finishSignIn(answer);
  if (remembered("tokens")) {
    showPerson();
    return;
  }
  const isAfter = answer.has("state") && answer.get("state") === remembered("leaving");
  forget("leaving");
  showSignedOut(isAfter);
});
