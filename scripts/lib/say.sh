# shellcheck shell=bash
# Sourced by the scripts: how they talk.

# say_error LINE...: one clear line on stderr.
say_error() {
    printf 'Error: %s\n' "$*" >&2
}
