#!/bin/sh
# Counts ten views on a node that answers Redis clients: examples/redis.sh HOST PORT
set -eu
redis-cli -h "$1" -p "$2" INCRBY views 10
