# Prints the one line that cron mails after a failed `make update`: the cause, from the log.
# Variables: code, the exit code (75: flock found an earlier run still at work), and log_file, its path.

function then(cause) { why = why (why ? "; then " : "") cause }

NR == 1 { began = $0 }  # the log begins with the date
sub(/^make[^ ]*: [*]* */, "") { if (NF) made = " (" $0 ")"; next }
NR == 1 || !NF { next }
{ last = $0 }
sub(/^stopped: /, "") { why = $0; months = 0 }
sub(/^error: /, "") { then($0) }
/^[0-9]+-[0-9]+: (failed, |not loaded: |[0-9,]+ rejected: )/ { if (!months++) then($0) }
/^[0-9:]+  (.*Error|Failure) in / { if (!dbt++) then("dbt: " substr($0, 11)) }

END {
    if (code == 75)
        print "news-growth: make update did nothing, for the one before is still at work" \
            (began ? ", since " began : "") "; the log is " log_file
    else
        print "news-growth: make update failed: " \
            (code != 2 ? "exit code " code : why ? why : last ? last made : "the log is empty; is the disk full?") \
            (months > 1 ? "; " months " months failed in all" : "") "; the log is " log_file
}
