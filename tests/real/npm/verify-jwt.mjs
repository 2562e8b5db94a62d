// node verify-jwt.mjs FILE: check a credential in a JWT (VC-JOSE-COSE) with jose. The
// key stands in the `kid`. Prints header and credential; exits with 1 if it is unsound.

import {readFile} from 'node:fs/promises';
import {argv, exit} from 'node:process';
import {decode} from 'base58-universal';
import {compactVerify, decodeProtectedHeader} from 'jose';

const jwt = (await readFile(argv[2], 'utf8')).trim();
try {
  const {kid} = decodeProtectedHeader(jwt);
  const [did, multibase] = kid.split('#');
  if(did !== `did:key:${multibase}`) {
    throw new Error(`kid: ${kid}`);
  }
  const raw = decode(multibase.slice(1)).slice(2);
  const key = {kty: 'OKP', crv: 'Ed25519', x: Buffer.from(raw).toString('base64url')};
  const {payload, protectedHeader} = await compactVerify(jwt, key, {algorithms: ['EdDSA']});
  const credential = JSON.parse(new TextDecoder().decode(payload));
  if(protectedHeader.typ !== 'vc+jwt' || credential.issuer !== did) {
    throw new Error(`typ ${protectedHeader.typ}, issuer ${credential.issuer}`);
  }
  console.log(JSON.stringify({header: protectedHeader, credential}));
} catch(error) {
  console.error(String(error));
  exit(1);
}
