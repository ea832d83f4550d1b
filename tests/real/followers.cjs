// Follows and counts a counter with ioredis and with node-redis, and prints what each was told.
const { Redis } = require("ioredis");
const { createClient } = require("redis");
const [host, port] = process.argv.slice(2);

async function ioredis() {
  const counting = new Redis(Number(port), host);
  const following = new Redis(Number(port), host);
  const told = new Promise((tell) => following.on("message", (...words) => tell(words)));
  const matched = new Promise((tell) => following.on("pmessage", (...words) => tell(words)));
  await following.subscribe("__keyspace@0__:ioredis");
  await following.psubscribe("__keyevent@0__:*");
  console.log(await counting.incr("ioredis"), ...(await told), ...(await matched));
  await following.unsubscribe("__keyspace@0__:ioredis");
  console.log(await following.punsubscribe(), await following.ping());
  following.disconnect();
  counting.disconnect();
}

async function nodeRedis(RESP) {
  const name = `node${RESP}`;
  const counting = createClient({ url: `redis://${host}:${port}`, RESP });
  const following = counting.duplicate();
  await counting.connect();
  await following.connect();
  const told = new Promise((tell) =>
    following.subscribe(`__keyspace@0__:${name}`, (...words) => tell(words)));
  const matched = new Promise((tell) =>
    following.pSubscribe("__keyevent@0__:*", (...words) => tell(words)));
  await following.ping();
  console.log(await counting.incrBy(name, 5), ...(await told), ...(await matched));
  await following.unsubscribe();
  await following.pUnsubscribe();
  console.log(String(await following.ping()));
  following.destroy();
  counting.destroy();
}

ioredis().then(() => nodeRedis(2)).then(() => nodeRedis(3));
