# shellcheck shell=bash
# Sourced by the scripts: error messages.

# say_error WORD...: prints one line on stderr.
say_error() {
    printf 'Error: %s\n' "$*" >&2
}
