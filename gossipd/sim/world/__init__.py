"""The simulated world: time, network, disks, machines, and the nodes on them."""
