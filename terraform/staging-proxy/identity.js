/**
 * The proxy's Google ID token, as a response header: `auth_request` can read headers only, the metadata server
 * answers with a body. Fails open: without a token the call is made all the same, and Cloud Run refuses it, logs it
 * and lets the heartbeat stay away.
 *
 * Runs in njs 0.7.9 and later.
 */
async function authorize(request) {
  try {
    const answer = await ngx.fetch(request.variables.identity_token_url);
    const token = await answer.text();
    if (answer.status !== 200) throw new Error(`the metadata server answered ${answer.status}`);
    request.headersOut['X-Identity'] = `Bearer ${token.trim()}`;
  } catch (error) {
    request.warn(`no identity token: ${error.message}`);
  }
  request.return(204);
}

// biome-ignore lint/style/noDefaultExport: njs imports nothing but the default export
export default { authorize };
