// Signs a person in and out with oidc-client-ts, as a single-page application.

import { asked, errorOf, finish, require, visit } from "./conversation.mjs";

const { InMemoryWebStorage, UserManager, WebStorageStateStore } = require("oidc-client-ts");

// Instead of a popup: the person's browser goes there, and tells where it was sent back to.
const window = {
  navigate: async ({ url }) => ({ url: await visit(url) }),
  close: () => {},
};
const navigator = { prepare: async () => window, callback: async () => {} };
const store = () => new WebStorageStateStore({ store: new InMemoryWebStorage() });

const manager = new UserManager(
  {
    authority: asked.issuer,
    client_id: asked.clientId,
    redirect_uri: asked.redirectUri,
    popup_redirect_uri: asked.redirectUri,
    popup_post_logout_redirect_uri: asked.postLogoutRedirectUri,
    scope: "openid phone offline_access",
    prompt: "consent",
    loadUserInfo: true,
    automaticSilentRenew: false,
    monitorSession: false,
    userStore: store(),
    stateStore: store(),
  },
  navigator,
  navigator,
  navigator,
);

const signedIn = await manager.signinPopup();
const first = signedIn.refresh_token;
const claims = signedIn.profile;
const refreshed = await manager.signinSilent();
const second = refreshed.refresh_token;

// Somebody else shows the old one again: the whole family ends.
const reuse = await errorOf(
  fetch(await manager.metadataService.getTokenEndpoint(), {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "refresh_token",
      client_id: asked.clientId,
      refresh_token: first,
    }),
  }).then(async (answer) => {
    throw await answer.json();
  }),
);
const afterReuse = await errorOf(manager.signinSilent());

const again = await manager.signinPopup();
await manager.revokeTokens(["refresh_token"]);
await manager.storeUser(again);
const afterRevocation = await errorOf(manager.signinSilent());

let loggedOut;
window.navigate = async ({ url }) => {
  loggedOut = await visit(url);
  return { url: loggedOut };
};
await manager.storeUser(again);
await manager.signoutPopup();

finish({
  claims,
  userinfo: claims,
  refreshTokens: [first, second],
  reuse,
  afterReuse,
  afterRevocation,
  loggedOut,
});
