// Counts ten views with what Node.js has itself: node examples/redis_client.mjs HOST PORT
import { connect } from "node:net";

const [host, port] = process.argv.slice(2);
const socket = connect(Number(port), host);
let answers = "";
socket.setEncoding("utf8");
socket.on("data", (text) => {
  answers += text;
  const lines = answers.split("\r\n");
  if (lines.length > 10) {
    console.log(lines[9].slice(1));
    socket.end();
  }
});
socket.write("INCR views\r\n".repeat(10));
