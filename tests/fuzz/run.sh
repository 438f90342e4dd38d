#!/bin/bash
# Looks for inputs that break a promise, by libFuzzer with coverage: tests/fuzz/run.sh [SECONDS [TARGET…]]
#
# SECONDS for each target, 120 unless said otherwise; all targets unless some are named. Starts from tests/fuzz/corpus, keeps what it
# finds in target/fuzz, and stops at the first input that breaks something: make that one a file of the corpus, and a unit test.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-120}
shift $(($# > 0 ? 1 : 0))
if [ $# -gt 0 ]; then targets=("$@"); else mapfile -t targets < <(ls tests/fuzz/corpus); fi
work=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
mkdir -p "$work"

# The compiler's own instrumentation, which libFuzzer reads. RUSTC_BOOTSTRAP is not needed: these are LLVM's options.
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
-Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing"
cargo build --release --quiet --manifest-path tests/fuzz/engine/Cargo.toml --target-dir "$work/build" --target x86_64-unknown-linux-gnu
for target in "${targets[@]}"; do
    mkdir -p "$work/found/$target"
    echo "== $target"
    MFA_FUZZ_TARGET=$target "$work/build/x86_64-unknown-linux-gnu/release/engine" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="$work/broken-$target-" "$work/found/$target" "tests/fuzz/corpus/$target" 2>&1 |
        grep -E "stat::number_of_executed_units|stat::new_units_added|stat::peak_rss|ERROR|panicked|Test unit|^#.*DONE" || true
    if compgen -G "$work/broken-$target-*" >/dev/null; then echo "broken: $(ls "$work"/broken-"$target"-*)" && exit 1; fi
done
