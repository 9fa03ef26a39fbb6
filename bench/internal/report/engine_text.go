package report

const engineIntroduction = `
## The engine

Events in, notifications out to a custom provider. The raw loop is a pool of usual HTTP clients that posts one
ready-made notification of the same size to the same provider over as many connections, without deciding, storing or
writing down anything: what two cores can do at most.

`

const engineLegend = `
Medians of %d rounds in which both databases take turns. In brackets: what share of the raw loop's number, of the empty
rate, or of the rate without webhooks.
`

const engineLimits = `- **Notifications** on SQLite: the two cores, and beside them the one writer, who is busy most of the time. Of the server's
  processor time decisions take a half: more than half of that for reading what is known, rules and payloads, which is done beside the
  writer, the rest for writing delivery, payload, log entry, two counts of quotas and the end of the window. Settlements take an eighth, HTTP,
  which the raw loop has too, a fifth. To reach 50 % of the raw loop all that is not HTTP would have to cost half of what it does: delivery,
  payload and log entry in one row, quotas counted from that, and a SQLite that is not translated from C, which alone would halve its part.
- On PostgreSQL the database takes more than half of the two cores, most of it for new rows and their index entries; the rest is round
  trips, some 15 for a decision of 400 windows. With cores of its own for the database the engine would use 0.7 of one at this rate.
- **Messages.** On SQLite one transaction at a time, which reads whom it knows and writes number, message and window, for as many
  messages as have come meanwhile; on PostgreSQL up to four at a time. While people are still unknown these wait for each other's new rows.
- **A message to a large group** is one statement that inserts a window for each member: its rows and one index.
- **Open windows** cost nothing until they are due; but with a file larger than the cache each message touches pages of its own, which
  are read, written to the log and copied, where in a small file many messages share them.
- **A burst.** As many windows are decided as there is room for their calls, and callers give way to webhooks that are being accepted; a
  webhook's answer waits for the transaction before it, on SQLite the writing of 192 decisions at the most.
`

const engineMethod = `- The custom provider is a process of its own that answers every call at once. The engine calls it over %d
  connections at the most, as the raw loop does; a notification has %s bytes.
- Notifications: %s one-on-one messages, each to somebody else, are put through the store as they would have come from the
  chat a wait ago, while no server runs; then it starts, and the calls between the first and the last tenth are timed. The run fails
  unless each window has become one call that is settled as sent after one attempt.
- Messages: %d connections post them to ` + "`/events`" + ` one at a time (%s bytes, among 10,000 people), measured for %v after %v; an answer
  comes when the message and its window are on disk.
- Groups: %s groups of %s members get one message each, one after the other; each opens the windows of all but its sender.
- Open windows: %s, due in a day, with a message, a conversation and a person each, written by SQL as copies of one that the store had
  made (a file of %s). Only on SQLite.
- Burst: as notifications, beside %s webhooks per second in an open loop whose mails leave by SMTP.
`
