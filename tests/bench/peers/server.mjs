// A form endpoint in Node, doing the same durable work as Relais: PEER is `pg`, `postgres` (postgres.js) or `batching`
// (pg, and what waits together becomes one statement). PGHOST, PGUSER, PGDATABASE, PORT (0: any), KEY (the publishable
// key). Prints `ready PORT`.
import {readFileSync} from 'node:fs';
import Fastify from 'fastify';
import {rowOf} from './decide.mjs';

const CONNECTIONS = 10; // pg's own default; more were slower on two cores
const BATCH_ROWS = 64;
const WRITERS = 2;

const text = readFileSync(new URL('./batch.sql', import.meta.url), 'utf8');
const {PEER, PGHOST, PGUSER, PGDATABASE, KEY} = process.env;

async function withPg() {
  const {default: pg} = await import('pg');
  const pool = new pg.Pool({host: PGHOST, user: PGUSER, database: PGDATABASE, max: CONNECTIONS,
    options: '-c plan_cache_mode=force_generic_plan'});
  return async (rows) => (await pool.query({name: 'batch', text, values: [JSON.stringify(rows)]})).rows;
}

async function withPostgresJs() {
  const {default: postgres} = await import('postgres');
  const sql = postgres({host: PGHOST, user: PGUSER, database: PGDATABASE, max: CONNECTIONS,
    connection: {plan_cache_mode: 'force_generic_plan'}});
  return (rows) => sql.unsafe(text, [rows], {prepare: true}); // it makes the JSON itself
}

// One submission, one transaction; once more when another one made the address meanwhile.
function oneByOne(store) {
  return async (row) => {
    for (let attempt = 0; attempt < 5; attempt++) {
      if ((await store([row])).length === 1) return;
    }
    throw new Error('the address stays in doubt');
  };
}

// A free writer takes what waits: no timer.
function together(store) {
  const waiting = [];
  let busy = 0;
  const run = async () => {
    busy++;
    while (waiting.length > 0) {
      const emails = new Set();
      const batch = [];
      for (let i = 0; i < waiting.length && batch.length < BATCH_ROWS;) {
        if (emails.has(waiting[i].row.email)) i++;
        else {
          emails.add(waiting[i].row.email);
          batch.push(...waiting.splice(i, 1));
        }
      }
      try {
        const stored = new Set((await store(batch.map(({row}) => row))).map((row) => row.activity_id));
        for (const one of batch) {
          if (stored.has(one.row.activity_id)) one.resolve();
          else waiting.unshift(one);
        }
      } catch (error) {
        for (const one of batch) one.reject(error);
      }
    }
    busy--;
  };
  return (row) => new Promise((resolve, reject) => {
    waiting.push({row, resolve, reject});
    if (busy < WRITERS) setImmediate(() => busy < WRITERS && run());
  });
}

const submission = {
  body: {
    type: 'object', required: ['email'], additionalProperties: false,
    properties: {
      id: {type: 'string', format: 'uuid'},
      email: {type: 'string', format: 'email', maxLength: 254},
      attributes: {type: 'object', additionalProperties: {type: ['string', 'number', 'boolean', 'null']}},
      consents: {type: 'array', maxItems: 32, items: {type: 'object'}},
      context: {type: 'object', additionalProperties: {type: 'string', maxLength: 2048}},
      occurred_at: {type: 'string', format: 'date-time'},
    },
  },
  response: {
    201: {type: 'object', properties: {id: {type: 'string'}, received_at: {type: 'string'},
      offer_url: {type: ['string', 'null']}}},
  },
};

const stores = {
  pg: async () => oneByOne(await withPg()),
  postgres: async () => oneByOne(await withPostgresJs()),
  batching: async () => together(await withPg()),
};
const store = await stores[PEER]();
const app = Fastify({bodyLimit: 65536});
app.post('/v1/forms/paper/submissions', {schema: submission}, async (request, reply) => {
  if (request.headers.authorization !== `Bearer ${KEY}`) return reply.code(401).send({status: 401});
  const row = rowOf(request.body);
  await store(row);
  return reply.code(201).send({id: row.activity_id, received_at: row.at, offer_url: null});
});
await app.listen({host: '127.0.0.1', port: Number(process.env.PORT ?? 0)});
console.log(`ready ${app.server.address().port}`);
process.on('SIGTERM', () => process.exit(0));
