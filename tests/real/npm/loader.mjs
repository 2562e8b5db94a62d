// What @digitalbazaar/* may look up: keys that stand in their own did:key, and our
// context, which defines nothing that a JCS proof needs. Nothing is fetched.

import {defaultDocumentLoader} from '@digitalbazaar/vc';

const CONTEXT = 'https://fabnet.org/ns/v1';
const TERMS = {'@context': {'@vocab': `${CONTEXT}#`}};

export function keyOf(method) {
  const [controller, publicKeyMultibase] = method.split('#');
  return {
    '@context': 'https://w3id.org/security/multikey/v1',
    type: 'Multikey', id: method, controller, publicKeyMultibase,
  };
}

function controllerOf(did) {
  const method = `${did}#${did.slice('did:key:'.length)}`;
  return {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'],
    id: did, assertionMethod: [keyOf(method)],
  };
}

export async function documentLoader(url) {
  let document = null;
  if(url === CONTEXT) {
    document = TERMS;
  } else if(url.startsWith('did:key:')) {
    document = url.includes('#') ? keyOf(url) : controllerOf(url);
  } else {
    return defaultDocumentLoader(url);
  }
  return {contextUrl: null, documentUrl: url, document};
}
