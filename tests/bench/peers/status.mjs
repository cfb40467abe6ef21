// The status of the SLA in Node: the service's own statements, run for each request. PGHOST, PGUSER, PGDATABASE, PORT
// (0: any), KEY (one that may read). Prints `ready PORT`.
import {readFileSync} from 'node:fs';
import Fastify from 'fastify';
import pg from 'pg';

const CONNECTIONS = 10; // pg's own default

const statement = (name) => ({name, text: readFileSync(new URL(`../../../lib/store/sql/${name}.sql`, import.meta.url), 'utf8')});
const counts = statement('sla_status');
const breached = statement('sla_breached');
const {PGHOST, PGUSER, PGDATABASE, KEY} = process.env;
const pool = new pg.Pool({host: PGHOST, user: PGUSER, database: PGDATABASE, max: CONNECTIONS});

const app = Fastify();
app.get('/v1/sla/status', async (request, reply) => {
  if (request.headers.authorization !== `Bearer ${KEY}`) return reply.code(401).send({status: 401});
  const client = await pool.connect();
  try {
    const {rows: [row]} = await client.query(counts);
    const {rows} = await client.query(breached);
    return {
      as_of: row.now, next_change_at: row.next_change_at,
      first_contact: {
        running: Number(row.running), due_within_1h: Number(row.due_soon), breached_open: Number(row.breached),
        met_rate_30d: row.met_rate, median_seconds_30d: row.median, within_1h_rate_30d: Number(row.within_hour),
        closed_without_contact_30d: Number(row.closed),
      },
      commitments: [], breached: rows,
    };
  } finally {
    client.release();
  }
});
await app.listen({host: '127.0.0.1', port: Number(process.env.PORT ?? 0)});
console.log(`ready ${app.server.address().port}`);
process.on('SIGTERM', () => process.exit(0));
