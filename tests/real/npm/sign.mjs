// node sign.mjs < {"document", "seed", "created"}: sign with @digitalbazaar/vc. The seed
// is the secret key's, in hex. Prints the document with the proof.

import {text} from 'node:stream/consumers';
import {stdin} from 'node:process';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import {createSignCryptosuite} from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import jsigs from 'jsonld-signatures';
import {documentLoader} from './loader.mjs';

const {document, seed, created} = JSON.parse(await text(stdin));
const made = await Ed25519Multikey.generate({seed: Buffer.from(seed, 'hex')});
const controller = `did:key:${made.publicKeyMultibase}`;
const id = `${controller}#${made.publicKeyMultibase}`;
const {publicKeyMultibase, secretKeyMultibase} = made;
const key = await Ed25519Multikey.from(
  {type: 'Multikey', id, controller, publicKeyMultibase, secretKeyMultibase});
const suite = new DataIntegrityProof(
  {signer: key.signer(), cryptosuite: createSignCryptosuite(), date: created});
const purpose = new jsigs.purposes.AssertionProofPurpose();
console.log(JSON.stringify(await jsigs.sign(document, {suite, purpose, documentLoader})));
