// node verify.mjs [--at TIME] FILE…: check documents with @digitalbazaar/vc and
// jsonld-signatures, as of now or of another time. Prints one line of JSON for each;
// exits with 1 unless every proof of every one holds.

import {readFile} from 'node:fs/promises';
import {argv, exit} from 'node:process';
import {parseArgs} from 'node:util';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {createVerifyCryptosuite} from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import * as vc from '@digitalbazaar/vc';
import jsigs from 'jsonld-signatures';
import {documentLoader} from './loader.mjs';

const suite = () => new DataIntegrityProof({cryptosuite: createVerifyCryptosuite()});

async function proofHolds(credential, proof) {
  const purpose = new jsigs.purposes.AssertionProofPurpose();
  const alone = {...structuredClone(credential), proof};
  return (await jsigs.verify(alone, {suite: suite(), purpose, documentLoader})).verified;
}

const {values: {at}, positionals: files} = parseArgs(
  {args: argv.slice(2), options: {at: {type: 'string'}}, allowPositionals: true});
const now = at === undefined ? new Date() : new Date(at);
let sound = files.length > 0;
for(const file of files) {
  const credential = JSON.parse(await readFile(file, 'utf8'));
  const {verified} = await vc.verifyCredential(
    {credential: structuredClone(credential), suite: suite(), documentLoader, now});
  const proofs = [];
  for(const proof of [credential.proof].flat()) {
    proofs.push(await proofHolds(credential, proof));
  }
  sound &&= verified && proofs.every(Boolean);
  console.log(JSON.stringify({file, type: credential.type[1], verified, proofs}));
}
exit(sound ? 0 : 1);
