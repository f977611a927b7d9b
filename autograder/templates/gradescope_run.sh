#!/usr/bin/env bash
# Grades the submission in the folder beside this file, and writes results/results.json whatever happens.
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
mkdir -p "$here/results"
# Nothing of it is a student's to read or write: they run as another user.
chmod -R go= "$here/source" "$here/submission" "$here/results" "$here"/submission_metadata.json 2>/dev/null
if ! "$here/venv/bin/python" -s -m autograder.export.gradescope_run "$here" && [ ! -s "$here/results/results.json" ]; then
    echo '{"score": 0, "stdout_visibility": "hidden", "tests": [], "output": "The autograder did not start, which is no fault of yours. Please tell your instructors."}' \
        > "$here/results/results.json"
fi
