// Signs a person in and out with openid-client, as a web application with a secret.

import { asked, errorOf, finish, require, visit } from "./conversation.mjs";

const client = require("openid-client");

const config = await client.discovery(
  new URL(asked.issuer),
  asked.clientId,
  asked.clientSecret,
  undefined,
  { execute: [client.allowInsecureRequests] }, // plain http, on loopback
);
// By default it trusts an ID token that came over TLS; here it checks the signature as well.
client.enableNonRepudiationChecks(config);

const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const nonce = client.randomNonce();
const address = client.buildAuthorizationUrl(config, {
  redirect_uri: asked.redirectUri,
  scope: "openid phone offline_access",
  prompt: "consent",
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
  nonce,
});
const callback = new URL(await visit(address.href));
const tokens = await client.authorizationCodeGrant(config, callback, {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
  idTokenExpected: true,
});
const claims = tokens.claims();
const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
const introspected = await client.tokenIntrospection(config, refreshed.access_token);
const goodbye = client.buildEndSessionUrl(config, {
  id_token_hint: tokens.id_token,
  post_logout_redirect_uri: asked.postLogoutRedirectUri,
  state: "bye",
});
const loggedOut = await visit(goodbye.href);
await client.tokenRevocation(config, refreshed.refresh_token);

finish({
  claims,
  userinfo,
  refreshTokens: [tokens.refresh_token, refreshed.refresh_token],
  introspected,
  afterRevocation: await errorOf(client.refreshTokenGrant(config, refreshed.refresh_token)),
  loggedOut,
});
