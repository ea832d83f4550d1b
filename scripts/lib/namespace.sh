# shellcheck shell=bash
# Sourced by the scripts: runs commands where no packet can leave the machine.

# shellcheck disable=SC2016  # the inner shell expands them
namespace_shell=(sh -c 'ip link set lo up && exec "$@"' sh)

# find_namespace: sets the array $namespace to what runs a command in a network namespace of its own
# with a loopback interface; fails where none can be made.
# shellcheck disable=SC2034  # the scripts that source this file use it
find_namespace() {
    if [ "$(id -u)" = 0 ] && unshare --net "${namespace_shell[@]}" true 2>/dev/null; then
        namespace=(unshare --net "${namespace_shell[@]}")
    elif unshare --user --map-root-user --net "${namespace_shell[@]}" true 2>/dev/null; then
        namespace=(unshare --user --map-root-user --net "${namespace_shell[@]}")
    else
        return 1
    fi
}
