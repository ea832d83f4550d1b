"""Who is in the cluster and who is alive: SWIM with Lifeguard, discovery, joining and leaving."""
