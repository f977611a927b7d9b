#!/usr/bin/env bash
# Builds the image that submissions are graded in: Python, the pinned packages, the toolkit. Runs once, with a network.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
venv="$here/../venv"
python="python{{python}}"
export DEBIAN_FRONTEND=noninteractive PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore

# What the course says of itself is for the examiner, which is root, and for no submission.
chmod -R go= "$here"

# What the pinned packages need at least, and what makes virtual environments.
good='import sys, venv, ensurepip; sys.exit(sys.version_info[:3] < {{version}})'
if ! "$python" -c "$good" 2>/dev/null; then
    apt-get update
    # Of Python 3.11, Ubuntu 22.04 itself has a release candidate, and later ones have none.
    if grep -q '^ID=ubuntu' /etc/os-release; then
        apt-get install --yes --no-install-recommends software-properties-common
        add-apt-repository --yes ppa:deadsnakes/ppa
        apt-get update
    fi
    apt-get install --yes --no-install-recommends "$python" "$python-venv"
fi
"$python" -c "$good" || { echo "this system has no $python as new as the packages need" >&2; exit 1; }

"$python" -m venv "$venv"
# torch first and from an index without CUDA, which would be gigabytes that nobody here can use.
"$venv/bin/pip" install --quiet --no-deps --index-url "${TORCH_INDEX:-https://download.pytorch.org/whl/cpu}" \
    "$(grep '^torch==' "$here/requirements.txt")"
"$venv/bin/pip" install --quiet --no-deps --requirement "$here/requirements.txt"
"$venv/bin/pip" install --quiet --no-deps "$here"/dl_autograder-*.whl
"$venv/bin/python" -m compileall -q "$venv/lib" || true
"$venv/bin/autograder" --course "$here/course" doctor || true
