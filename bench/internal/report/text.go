package report

const introduction = `
What Postrider does on two cores, beside a receiver as people write it today: Express with a pooled nodemailer, which
answers at once and sends afterwards. The two do not do the same. Postrider answers when the notification is on disk
and loses nothing in a crash; the peer keeps nothing. The peer stands here because it is what one would have otherwise.

The raw loop is a pool of SMTP connections that sends one ready-made mail of the same size to the same server, with a
usual client library and without any queue, rendering or database: what two cores can do at most. Pipelining (RFC 2920)
sends sender, recipient and DATA in one packet; Postrider and the peer use it too.
`

const legend = `
Medians of %d rounds in which all take turns. In brackets: how many times the peer's number, or what share of the raw
loop's. MB are 2^20 bytes.

The peer answers before it sends, and hardly sends at all while it is busy answering. So its rate is shown twice: at
full load, and at the highest load at which 1,000 mails a second still leave it, for that is the condition.
`

const method = `- One machine, two cores for everything: the receiver, the load, the SMTP server, and PostgreSQL where it is used. Load and
  SMTP server are processes of their own, as cheap as they could be made.
- %d rounds; in each the receivers take turns, each time started anew on an empty database. Everything goes over
  TCP on loopback, webhooks in plain HTTP/1.1 with Basic Auth on connections that stay open.
- A webhook is a group digest of %d messages (%s bytes), every one for another person and with another text. The mails
  that left (with an HTML and a plain part): %s.
- Full load: %d connections, each posting the next webhook when the last was answered, measured for %v after %v. Half
  load: half of that rate, in an open loop; latency counts from the moment a webhook was due.
- After each of these loads the run waits until the SMTP server has counted as many mails as webhooks were answered 200,
  and fails if they do not come.
- Everybody sends over %d SMTP connections, and the server offers pipelining to all.
- Out of a backlog: the SMTP server holds its answers back while %s webhooks are accepted; then it lets go, and the mails
  between the first and the last tenth are timed, for %v at most.
- Pending deliveries: put through the store before the start, due in 24 hours (a file of %s); webhooks come, and
  mails leave, beside them. Only on SQLite.
- Memory is what Linux counts as resident (VmRSS, VmHWM), 10 s after the start where it is called idle or at rest. The
  server process of PostgreSQL is not in it.
`

const repeat = `
## How to repeat it

    make bench

It needs Linux, Go and Node.js with npm, and PostgreSQL's programs for its column; it takes about a quarter of an hour. ` +
	"`go run ./bench run --help`" + `
lists what can be changed; ` + "`--quick`" + ` only shows that it works, ` + "`--half engine`" + ` measures the engine alone (a few minutes with
` + "`--rounds 1`" + `) and leaves the other numbers as they are. The numbers of every round stand in
[benchmarks.json](benchmarks.json). Nothing else should run on the machine meanwhile.
`

// reasons say why a target is missed, where it is. They are read only then.
var reasons = map[Measure]string{
	MeasureCeiling: "The raw loop does nothing but write a finished mail. Ours also claims it, reads the webhook, renders two parts, and " +
		"writes down the attempt and the result; on PostgreSQL each claim and settlement is several round trips to processes on " +
		"the same two cores. Fewer, larger statements would bring it closer.",
	MeasureLatency: "At half load the mails leave as fast as webhooks come, and on SQLite both share one writer: an answer waits for the " +
		"claim or settlement before it, and for two cores that are nearly always in use.",
	MeasureNotify: "See below what limits notifications. What goes on beside on the machine costs the engine, which has several steps that " +
		"wait for each other, more than it costs the loop, which has none.",
	MeasureEvents:        "Reading and writing a message takes both cores; see below.",
	MeasureGroup:         "A thousand rows and their index entries are one transaction; whoever else wants a core prolongs it.",
	MeasureWindowsIntake: "The file is larger than the cache, so that inserts read pages first.",
	MeasureBurst:         "Webhooks and their mails take their part of the two cores and of the one writer.",
	MeasureBurstLatency: "A webhook's answer waits for a core and for the transactions before its own: decisions, claims, settlements, " +
		"and on SQLite all of them one after the other.",
	MeasureIntake: "With a file of several gigabytes the copying of the write-ahead log into it touches more pages, and the load and the " +
		"senders share the same two cores; the rate varies by a tenth from run to run.",
}
