#!/bin/sh
# The portable part of yash's test suite (*-p.tst) and mksh's check.t, by dash and by `varve sh`: what each passes, and
# every case that dash passes and `varve sh` does not.
# usage: bench/posix.sh YASH_TESTS MKSH_SOURCE [FILE.tst...]
#   YASH_TESTS   the folder tests/ of yash (`apt-get source yash`, or a checkout of its repository)
#   MKSH_SOURCE  the folder with check.pl and check.t (`apt-get source mksh`); `-` leaves it out, as YASH_TESTS can be
# Left out: the tests of signals (sig*, kill*), which are about a terminal's job control, and cases that start the shell
# with an option `varve sh` has not got (-i, -m, -v); both shells get -a -C -e -f -u as a `set` before the first line.
. "$(dirname "$0")/common.sh"
need bash=bash dash=dash perl=perl setsid=util-linux
[ $# -ge 2 ] || {
    echo "usage: $0 YASH_TESTS MKSH_SOURCE [FILE.tst...]; the sources come by: apt-get source yash mksh" >&2
    exit 2
}
yash=$1
mksh=$2
shift 2
here=$(pwd -P)
case $yash in -|/*) ;; *) yash=$here/$yash ;; esac
case $mksh in -|/*) ;; *) mksh=$here/$mksh ;; esac
scratch=$BENCH_SCRATCH/posix
mkdir -p "$scratch/scripts"
chmod 1777 "$scratch/scripts"

# A shell as the suites start it: the script by standard input becomes a file, so that each of its commands is a step.
shell() {
    cat >"$scratch/$1" <<END
#!/bin/bash
# Inside a step only the private /tmp can be written.
scripts=$scratch/scripts
[ -w "\$scripts" ] || scripts=/tmp
run() { $2; }
options= text=
while :; do
    case \${1-} in
    -c) text=yes; shift; [ "\${1-}" != -- ] || shift; break ;;
    -s) shift ;;
    --|-) shift; break ;;
    -*[!aCefsu]*|+*) echo "this option is left out" >&2; echo left-out >>"$scratch/left-out.$1"; exit 99 ;;
    -*) options="\$options \${1%s}"; shift; options=\${options% -} ;;
    *) break ;;
    esac
done
if [ "\$text" ] || { [ \$# -gt 0 ] && [ -f "\$1" ]; }; then
    [ -z "\$text" ] || set -- -c "\$@"
    run "\$@"
    exit
fi
script=\$(mktemp "\$scripts/s.XXXXXX")
{ [ -z "\$options" ] || printf 'set%s\n' "\$options"; cat; } >|"\$script"
run "\$script" "\$@" </dev/null
status=\$?
rm -f "\$script"
exit \$status
END
    chmod 755 "$scratch/$1"
}
shell dash 'dash "$@"'
# A step is given no environment but what is passed: here all of it is.
shell varve "export VARVE_HOME='$VARVE_HOME'; local pass=() name; while IFS= read -r name; do pass+=(--pass \"\$name\"); done < <(compgen -e); '$varve' sh \"\${pass[@]}\" \"\$@\""

run_yash() {
    rm -rf "$scratch/yash-$1"
    cp -r "$yash" "$scratch/yash-$1"
    shell=$1
    shift
    (
        cd "$scratch/yash-$shell"
        [ $# -gt 0 ] || set -- *-p.tst
        for file; do
            case $file in sig*|kill*) continue ;; esac
            timeout -s KILL 300 setsid bash --posix ./run-test.sh "$scratch/$shell" "$file" </dev/null >/dev/null 2>&1 || :
        done
        cat -- *-p.trs | sed -n 's/^%%% \(PASSED\|FAILED\): /\1 yash /p'
    ) >"$scratch/yash.$shell"
}

run_mksh() {
    mkdir -p "$scratch/mksh-$1"
    timeout -s KILL 1800 perl "$mksh/check.pl" -v -s "$mksh/check.t" -p "$scratch/$1" -T "$scratch/mksh-$1" -t 20 \
        -C shell:legacy-no,int:32,regress:no-ctty,shell:textmode-no,shell:binmode-yes,shell:faux-ebcdic-no,shell:ebcdic-no \
        </dev/null >"$scratch/mksh-$1.log" 2>&1 || :
    sed -n 's/^pass .*check.t:/PASSED mksh /p; s/^FAIL .*check.t:/FAILED mksh /p' "$scratch/mksh-$1.log" >"$scratch/mksh.$1"
}

heading "POSIX behaviour of the shell"
echo "| suite | cases | dash passes | varve sh passes | of what dash passes |"
echo "|---|---|---|---|---|"
: >"$scratch/differences"
for suite in yash mksh; do
    eval "source=\$$suite"
    [ "$source" != - ] || continue
    : >"$scratch/left-out.dash"
    for shell in dash varve; do "run_$suite" "$shell" "$@"; done
    awk -v suite="$suite" -v left_out="$(wc -l <"$scratch/left-out.dash")" -v differences="$scratch/differences" '
        { name = substr($0, 8) }
        FNR == NR { total++; if ($1 == "PASSED") { dash[name]; passed++ }; next }
        $1 == "PASSED" { ours++; if (name in dash) both++ }
        $1 != "PASSED" && name in dash { print name >>differences }
        END { printf "| %s (%d left out) | %d | %d | %d | %d = %.1f %% |\n", suite, left_out, total, passed, ours, both, 100 * both / passed }
    ' "$scratch/$suite.dash" "$scratch/$suite.varve"
done
echo
echo "Passed by dash and not by varve sh:"
cat "$scratch/differences"
