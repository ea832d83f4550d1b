#!/bin/sh
# Counts twice on one node with curl, and shows what it answers: examples/count.sh [URL]
set -eu
node=${1:-http://127.0.0.1:8088}

echo "Peers of $node:"
curl -fsS "$node/peers"

echo "Count one, and wait until every live node holds it:"
curl -fsS -X POST "$node/increment?ack=all"

# The header says how many nodes hold the write, and how many were asked for.
echo "Count one more, and wait for nobody but this node:"
curl -fsS -D - -X POST "$node/increment?ack=local" | grep -i -e '^gossipd-acks' -e '^{'

echo "The count now:"
curl -fsS "$node/count"
