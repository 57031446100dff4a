// Calls of the npm package @rahadiana/node-esign-bsre, as an application makes them; prints the answers as JSON.
// Arguments: the base address, username, password, the calls in JSON [[method, argument], …]. Where the package is:
// NODE_PATH. "$ID" in an argument stands for the id_dokumen of the answer before.
const EsignBsre = require("@rahadiana/node-esign-bsre");

const [base, username, password, calls] = process.argv.slice(2);
const client = new EsignBsre({ BaseUrl: base, username, password });

(async () => {
  const answers = [];
  let id = "";
  for (const [method, argument] of JSON.parse(calls)) {
    const answer = await client[method](JSON.parse(JSON.stringify(argument).replaceAll("$ID", id)));
    const text = typeof answer === "string" ? answer : JSON.stringify(answer ?? null);
    id = text.match(/"id_dokumen":"([0-9a-f]{32})"/)?.[1] ?? id;
    answers.push(JSON.parse(text));
  }
  console.log(JSON.stringify(answers));
})();
