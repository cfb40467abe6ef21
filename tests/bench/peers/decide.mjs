// What is decided about a submission outside of SQL: the part of the default model that this form can meet, and the
// rows' texts. Simpler than the service (no rules of the user's, no sources to weigh): a peer is not held back by it.
import {createHash, randomBytes} from 'node:crypto';

const MARKET = new Set(['FR', 'BE', 'CH', 'LU', 'MC']);
const LEADERS = /\b(vp|vice president|director|directeur|directrice|head|chief|c[eiofm]o|pr[ée]sident)/i;

export function uuidv7(at) {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(at, 0, 6);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function fitOf(attributes) {
  let fit = 0;
  const size = attributes.company_size ?? 0;
  if (size >= 1000) fit += 30;
  else if (size >= 250) fit += 20;
  if (LEADERS.test(attributes.job_title ?? '')) fit += 30;
  if (MARKET.has(attributes.country)) fit += 10;
  return fit;
}

const letterOf = (fit) => (fit >= 60 ? 'A' : fit >= 40 ? 'B' : fit >= 20 ? 'C' : 'D');

// All a statement needs for one submission.
export function rowOf(body) {
  const at = Date.now();
  const email = body.email.trim().toLowerCase();
  const attributes = body.attributes ?? {};
  const payload = JSON.stringify({attributes, consents: body.consents ?? [], context: body.context ?? {}, ignored: []});
  const fit = fitOf(attributes);
  const letter = letterOf(fit);
  return {
    email, payload, fit, letter,
    grade: `${letter}3`, // a first download of awareness content: 15 points
    attributes: JSON.stringify(attributes),
    sources: JSON.stringify({'*': ['form', at]}),
    channel: body.context?.utm_medium === 'email' ? 'email' : null,
    activity_id: body.id ?? uuidv7(at),
    contact_id: uuidv7(at),
    fingerprint: createHash('sha256').update(email).update(payload).digest('hex'),
    at: new Date(at).toISOString(),
  };
}
