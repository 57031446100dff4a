// What a TypeScript client does on fetch, FormData and Blob of the platform: v1 with the file after the texts, v2 with
// nik and email together. Arguments: base address, username, password, NIK, e-mail, passphrase, PDF file. Prints JSON.
import { readFile } from "node:fs/promises";

const [base, username, password, nik, email, passphrase, file] = process.argv.slice(2);
const headers = { Authorization: "Basic " + Buffer.from(`${username}:${password}`).toString("base64") };
const pdf = await readFile(file);
const answers = {};

const form = new FormData();
for (const [name, value] of Object.entries({ nik, passphrase, tampilan: "VISIBLE", tag_koordinat: "#" })) {
  form.append(name, value);
}
form.append("file", new Blob([pdf], { type: "application/pdf" }), "file");
const v1 = await fetch(`${base}/api/sign/pdf`, { method: "POST", headers, body: form });
const signed = Buffer.from(await v1.arrayBuffer());
answers.v1 = { status: v1.status, id: v1.headers.get("id_dokumen"), time: v1.headers.get("signing_time"), pdf: signed.toString("base64") };

const body = {
  nik,
  email,
  passphrase,
  signatureProperties: [{ tampilan: "INVISIBLE", reason: null, location: "null" }],
  file: [pdf.toString("base64")],
};
const v2 = await fetch(`${base}//api/v2/sign/pdf`, {
  method: "POST",
  headers: { ...headers, "Content-Type": "application/json" },
  body: JSON.stringify(body),
});
answers.v2 = { status: v2.status, body: await v2.json() };

const wrong = await fetch(`${base}/api/v2/sign/pdf`, {
  method: "POST",
  headers: { ...headers, "Content-Type": "application/json" },
  body: JSON.stringify({ ...body, passphrase: "salah" }),
});
answers.wrong = { status: wrong.status, body: await wrong.json() };
console.log(JSON.stringify(answers));
