"""Every kind of finding. The troubleshooting guide is written from this table, and `ottla doctor --explain` reads it."""

from __future__ import annotations

from ottla.doctor.finding import Kind, Severity

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
BEGIN_ANEW = (
    "Only where a majority of the other voters has its own data may the node begin anew: move its data folder away (do not "
    "delete it), then `ottla up` formats it and it catches up from the others; what only it held (replication_factor 1) is gone."
)

NODE_STOPPED = Kind(
    "node-stopped",
    ERROR,
    "A node does not run",
    "The node was stopped in an orderly way and was not started again. Its replicas grow old, and the others have one "
    "less to rely on.",
    "Somebody ran `ottla down`, or stopped the process (SIGTERM), or the machine was shut down.",
    "Start what is missing: `ottla up`. It starts only nodes that do not run.",
)
NEVER_STARTED = Kind(
    "never-started",
    ERROR,
    "A node was never started",
    "The node has no data and no log: nothing of it has ever run, so nothing is lost.",
    "`ottla up` ended before it started the node, and said why; or the node's folder was taken away.",
    "Mend what `ottla up` said, and start it: `ottla up`.",
)
NODE_DIED = Kind(
    "node-died",
    ERROR,
    "A node ended by itself",
    "The node ran, and it ended without saying goodbye. Nothing that was acknowledged by all in-sync replicas is lost.",
    "It was killed (SIGKILL), the machine lost its power, or Kafka met an error that it does not survive. Its last "
    "words are shown, if the end of its log has any.",
    "Read its last words (`ottla logs N`), then start it: `ottla up`. If it dies again, the words say why.",
)
NODE_PAUSED = Kind(
    "node-paused",
    ERROR,
    "A node is paused",
    "The process is there and does nothing (SIGSTOP). Its ports take connections and nobody answers, which is worse for clients "
    "than a dead node.",
    "A debugger, a drill that was cut off, or somebody who typed `kill -STOP`.",
    "`ottla up` resumes it.",
)
NODE_SILENT = Kind(
    "node-silent",
    ERROR,
    "A node runs and does not answer",
    "The process is there and nobody answers on its port.",
    "It has just been started; it waits for a quorum; its heap is full and it only collects garbage; or it hangs.",
    "Wait a moment and look again. Then read its log (`ottla logs N`) and restart it: `ottla restart N`.",
)
PORT_TAKEN = Kind(
    "port-taken",
    ERROR,
    "The port of a node is taken",
    "Somebody else listens where the node should, so Kafka cannot start there: `Socket server failed to bind ...: "
    "Address already in use`.",
    "Another Kafka, or any other program, was started on the same port while the node did not run.",
    "`ottla up` gives the node other ports, and says which. Or stop the other program first, and clients need not be told. The "
    "controller port of a node cannot move while other nodes run, which know it by that port: stop the other program, then "
    "`ottla up`; or `ottla down`, then `ottla up`.",
)
DISK_FULL = Kind(
    "disk-full",
    ERROR,
    "The disk of a node is full",
    "A node whose disk is full ends, and does not start again: `No space left on device`, or, where a file is mapped into "
    "memory, `InternalError: a fault occurred in an unsafe memory access operation`.",
    "Retention keeps more than the disk holds, or something else filled the volume.",
    "Make room on the volume, then `ottla up`. Then see what grows: `ottla topics list`; and let retention keep less, "
    "in the spec.",
)
DISK_READ_ONLY = Kind(
    "disk-read-only",
    ERROR,
    "The data of a node cannot be written",
    "Kafka writes whatever it does: a node that may not does not start, and one that runs ends at its next record "
    "(`Read-only file system`).",
    "The volume was mounted read-only, by hand or by the kernel after an error of the disk (`dmesg`); or the folder is somebody "
    "else's.",
    "Mount the volume to be written again (`mount -o remount,rw`), or give the folder back to whoever runs the node; then "
    "`ottla up`, or `ottla restart N` where the node still runs.",
)
HEAP_TOO_LARGE = Kind(
    "heap-too-large",
    ERROR,
    "The heaps do not fit the machine",
    "The nodes together may take more memory than there is. The kernel ends one of them, sooner or later.",
    "`cluster.heap` times the nodes is more than the memory of this machine, or of the container.",
    "Take a smaller `cluster.heap` or fewer nodes in the spec, then `ottla up`.",
)
HEAP_TOO_SMALL = Kind(
    "heap-too-small",
    ERROR,
    "The heap of a node is too small",
    "Java gave up: `java.lang.OutOfMemoryError`. The node ends at once, because a Kafka without memory does harm.",
    "More partitions, clients or large requests than the heap is made for.",
    "Raise `cluster.heap` in the spec, then `ottla up`.",
)
KILLED_FOR_MEMORY = Kind(
    "killed-for-memory",
    ERROR,
    "The kernel ended a node for want of memory",
    "Linux ran out of memory and killed a java process (the OOM killer).",
    "All processes of the machine, or of the container, took more than there is.",
    "Take a smaller `cluster.heap`, or end what takes the memory; then `ottla up`.",
)
WRONG_CLUSTER_ID = Kind(
    "wrong-cluster-id",
    ERROR,
    "The data of a node belong to another cluster",
    "meta.properties in the data folder names another cluster_id than this platform has. A node that still runs on it cannot be "
    "relied upon: Kafka itself does not always refuse.",
    "The data folder was copied or restored from another cluster, or cluster.json was.",
    "Put back from a backup what was exchanged, cluster.json or the node's data folder, then `ottla up`. Never edit the "
    "cluster_id to make it fit: the records are another cluster's. " + BEGIN_ANEW,
)
WRONG_NODE_ID = Kind(
    "wrong-node-id",
    ERROR,
    "The data of a node are another node's",
    "meta.properties names another node_id: `Stored node id 9 doesn't match previous node id 1`.",
    "Two data folders were exchanged, or one was copied to another node.",
    "Put each folder back where it was, then `ottla up`. Never edit the id to make it fit: one node would stand for another. "
    + BEGIN_ANEW,
)
DATA_UNREADABLE = Kind(
    "data-unreadable",
    ERROR,
    "The data of a node do not say whose they are",
    "The node has data and no readable meta.properties: `No readable meta.properties files found.`",
    "The file was deleted or damaged.",
    "Put it back from a backup of this node, then `ottla up`. " + BEGIN_ANEW,
)
DATA_IN_USE = Kind(
    "data-in-use",
    ERROR,
    "The data of a node are in use by another process",
    "A process holds the lock of the data folder, and it is not the node's.",
    "The folder was moved while its node ran, or two Kafkas were given the same folder.",
    "End that process (`fuser` names it), then `ottla up`.",
)
TOO_FEW_FILES = Kind(
    "too-few-open-files",
    ERROR,
    "A node may not open enough files",
    "Kafka keeps files open for every segment and a socket for every client. Without one more: `Too many open files`. "
    "A node that "
    "starts like that may drop the end of its metadata log.",
    "The limit of open files (`ulimit -n`) of the shell that started the node is too low for its partitions and clients.",
    "Raise it (`ulimit -n 100000`) in the shell, then `ottla restart`, or `ottla up` where the node ended.",
)
PROPERTY_REFUSED = Kind(
    "property-refused",
    ERROR,
    "Kafka refuses a property",
    "The node ended at once: a property has a value that Kafka does not take (`ConfigException`).",
    "server.properties was edited by hand, or a value passed Ottla's checks and not Kafka's.",
    "Mend `cluster.config` in the spec, then `ottla up`.",
)
CERTIFICATE_EXPIRED = Kind(
    "certificate-expired",
    ERROR,
    "A certificate has expired",
    "Whoever checks it refuses the connection. Connections that are open stay until they are closed.",
    "It was not renewed in time.",
    "A node's own: remove its node.pem, then `ottla restart N`; it gets a new one. Clients and listeners: `ottla "
    "certs rotate --leaves`.",
)
CERTIFICATE_EXPIRES = Kind(
    "certificate-expires",
    WARNING,
    "A certificate expires soon",
    "It still works. From that day on connections are refused.",
    "It is old; certificates have an end.",
    "Renew it before that day: `ottla certs rotate --leaves`, or as for `certificate-expired` where it is a node's own.",
)
CERTIFICATE_WRONG = Kind(
    "certificate-wrong",
    ERROR,
    "A certificate is missing or wrong",
    "A node without its certificate does not start (`Failed to load PEM SSL keystore`); one whose certificate nobody "
    "trusts is alone.",
    "A file was removed, damaged, or replaced by hand; or a CA was changed half-way.",
    "`ottla up` makes what is missing of a node's own when it starts; `ottla certs list` shows the rest.",
)
FAULT_LEFT = Kind(
    "fault-left-behind",
    WARNING,
    "A drill was cut off and left its fault",
    "A drill does harm on purpose and heals it. This one ended before it did.",
    "The drill was killed.",
    "`ottla up` heals it.",
)
CLUSTER_SILENT = Kind(
    "cluster-silent",
    ERROR,
    "The cluster does not answer",
    "No broker answers, so nothing is known of topics, groups and replicas. That is not the same as healthy.",
    "No node runs, none has finished its start, the address is wrong, or the login is refused.",
    "See what runs: `ottla status`; start it: `ottla up`.",
)
MONITORING_DOWN = Kind(
    "monitoring-down",
    WARNING,
    "What monitors the platform does not work",
    "The exporter, Prometheus or Alertmanager is wanted beside the nodes, and does not run or does not answer. Nothing is "
    "measured, and no alert can fire: silence is not health.",
    "It was killed, it ended (`exporter.log`, `monitoring/*.log`), or the machine was started anew.",
    "`ottla up` starts what is missing. Where it is not wanted any more: `ottla down` ends it together with the nodes.",
)
CANNOT_SEE = Kind(
    "cannot-see",
    WARNING,
    "Something could not be looked at",
    "A part of the evidence is missing, so no finding about it means nothing.",
    "A node did not answer in time, or whoever asks may not look (an ACL).",
    "Ask again: `ottla doctor`; as somebody who may look, if it is an ACL.",
)
BROKER_MISSING = Kind(
    "broker-missing",
    ERROR,
    "A broker is not in the cluster",
    "It is fenced or not registered: it leads nothing and takes no records.",
    "It does not run, it is starting, or it cannot reach the active controller.",
    "Start it: `ottla up`. If it runs, read its log: `ottla logs N`.",
)
OFFLINE_PARTITIONS = Kind(
    "offline-partitions",
    ERROR,
    "Partitions have no leader",
    "Nobody can write to them or read from them.",
    "All nodes with an in-sync replica are gone.",
    "Bring those nodes back: `ottla up`. Electing a replica that was not in sync would lose records; Ottla does not do it.",
)
UNDER_MIN_ISR = Kind(
    "under-min-isr",
    ERROR,
    "Too few replicas are in sync to write",
    "Producers with acks=all are refused (NOT_ENOUGH_REPLICAS). Reading works.",
    "More nodes are gone, or too slow, than the topic was made to bear.",
    "Bring the missing nodes back: `ottla up`.",
)
ISR_SHRUNK = Kind(
    "isr-shrunk",
    WARNING,
    "Replicas are not in sync",
    "Some replicas lag behind or are gone. Writing works; one more failure may stop it.",
    "The node is down, paused, or too slow for what is written.",
    "Bring the node back: `ottla up`. If it runs, see its disk and its log: `ottla status`, `ottla logs N`.",
)
QUORUM_LOST = Kind(
    "quorum-lost",
    ERROR,
    "The controllers have no quorum",
    "No majority of the voters works. Nothing can be changed: no leader is elected, no topic is created, no node joins.",
    "Half of the voters, or more, do not run or do not reach each other.",
    "Start them: `ottla up`.",
)
QUORUM_NO_SPARE = Kind(
    "quorum-no-spare",
    WARNING,
    "The quorum has no voter to spare",
    "A majority of the voters works, and none may fail any more.",
    "A voter does not run, or has fallen far behind.",
    "Start it: `ottla up`.",
)
VOTER_BEHIND = Kind(
    "voter-behind",
    WARNING,
    "A voter is behind the leader of the quorum",
    "It votes, and does not know the newest metadata: it cannot become the leader.",
    "It is starting, its disk is slow, or it does not reach the leader.",
    "Look again in a moment; then its log: `ottla logs N`.",
)
LOG_DIR_OFFLINE = Kind(
    "log-dir-offline",
    ERROR,
    "A log_dir is offline",
    "The broker met an error of its disk and uses that folder no more. Its replicas there are gone from the ISR.",
    "The disk failed, is full, or was unmounted.",
    "Mend the disk, then `ottla restart N`.",
)
DISK_FILLING = Kind(
    "disk-filling",
    WARNING,
    "A disk is nearly full",
    "A node whose disk is full ends.",
    "Retention keeps more than the disk holds, or something else fills the volume.",
    "Let the largest topics keep less (`retention`, `retention_bytes` in the spec, `ottla plan`), or give the node a "
    "larger disk. Where Kafka holds little of what is used, something else fills the volume: `du` shows what.",
)
DISK_FULL_SOON = Kind(
    "disk-full-soon",
    NOTE,
    "A disk grows so that it would be full soon",
    "At the rate of a few seconds the node would be full within hours. That may be a burst, or the moment before retention takes "
    "a segment: the alerts look at it for longer.",
    "More is written than retention takes away, at least in the seconds that were seen.",
    "Let the largest topics keep less, or write less: `ottla top` shows which topics are written.",
)
TOPIC_MISSING = Kind(
    "topic-missing",
    ERROR,
    "A topic of the spec is not there",
    "Clients of it fail (UNKNOWN_TOPIC_OR_PARTITION): topics are not created by the way.",
    "It was deleted by hand, or the spec was changed and not applied.",
    "`ottla up` creates what is missing; `ottla plan` shows it first. Its records do not come back.",
)
DIFFERS = Kind(
    "differs",
    WARNING,
    "The cluster differs from the spec",
    "Something is set otherwise than the spec says.",
    "It was changed by hand, or the spec was changed and not applied.",
    "See what would change: `ottla plan`; do it: `ottla apply`.",
)
HIGH_LAG = Kind(
    "high-lag",
    WARNING,
    "A group lags behind",
    "The group has more left to read, for longer, than it should.",
    "Its members are too slow, too few, or stand still (a record that they cannot handle); or more is written than before.",
    "Look at who reads which partition: `ottla groups describe GROUP`. A partition that stands still has a stuck member: restart "
    "it, or skip the record. If all are busy, add members, up to the number of partitions.",
)
NOBODY_READS = Kind(
    "group-without-members",
    WARNING,
    "A group has lag and no members",
    "Records wait and nobody is there to read them. As long as that is within the limits of the group it is a note: some groups "
    "only come now and then.",
    "The consumers are stopped, cannot log in, or use another group id.",
    "Start the consumers. If the group is not needed any more: it goes by itself after offsets.retention.minutes.",
)
RECORDS_LOST = Kind(
    "records-lost",
    ERROR,
    "Retention took records before a group read them",
    "The group's committed offset lies before the beginning of the partition. It will go on by its auto.offset.reset.",
    "The group was behind for longer than the topic keeps its records.",
    "Find the records elsewhere (a backup). Let the topic keep more, or the group be faster.",
)
CLIENT_SETTINGS = Kind(
    "client-settings",
    WARNING,
    "The settings of clients do not fit the cluster",
    "Clients that follow the profile of the spec are refused, lose events, or make the brokers work for nothing.",
    "The profile (`client:` in the spec) and the cluster were changed one without the other.",
    "Mend `client` or `cluster.config` in the spec: `ottla explain KEY` says what each key does.",
)
OLD_CLIENT = Kind(
    "old-client",
    WARNING,
    "A client is too old for Kafka 4",
    "Kafka 4 took away the versions of requests from before Kafka 2.1 (KIP-896). The broker closes the connection "
    "without an answer, so "
    "the client only sees that it was disconnected. The broker's log has the request and its version.",
    "A client library from before 2018, or one that does not ask for the versions (`api.version.request=false`, "
    "`broker.version.fallback`).",
    "Find the process by its address and raise its client library: Java 2.1, librdkafka 0.11.6, kafka-python 2.0 or newer.",
)
HANGING_TRANSACTION = Kind(
    "hanging-transaction",
    ERROR,
    "A transaction hangs",
    "It is open in a partition, and every coordinator says that it has no such transaction to end. read_committed consumers do "
    "not get past it, and compaction stops there.",
    "A broker or a client with a defect wrote records of a transaction after it was ended (KIP-890, KIP-664).",
    "Abort it with kafka-transactions.sh, Kafka's own tool, which writes the marker; it is in the bin folder of a Kafka "
    "download, and Ottla does not bring it. Where a login is needed, give it `--command-config FILE`.",
)
LONG_TRANSACTION = Kind(
    "long-transaction",
    NOTE,
    "A transaction runs for longer than it may",
    "Its coordinator knows it and has not ended it, though transaction.max.timeout.ms has passed. read_committed consumers wait.",
    "The coordinator is overloaded, or it cannot write the marker to a partition without a leader.",
    "Look again. The coordinator ends it as soon as it can; never abort one that a coordinator knows.",
)
UNUSED_TOPIC = Kind(
    "unused-topic",
    NOTE,
    "A topic seems unused",
    "No record was written for long, no group has an offset in it, and the spec does not name it.",
    "It was made for a trial, or its service is gone.",
    "Look at it (`ottla topics describe TOPIC`); delete it if it is nobody's: `ottla topics delete TOPIC`.",
)
UNUSED_GROUP = Kind(
    "unused-group",
    NOTE,
    "A group seems unused",
    "It has no members, nothing left to read, and the spec does not name it. Its offsets expire "
    "offsets.retention.minutes after its "
    "last member left; whoever comes back later begins by auto.offset.reset.",
    "Its consumers are gone, or they come seldom.",
    "Nothing, if it is not needed. If it is: let its consumers come more often, or raise offsets.retention.minutes.",
)

KINDS: tuple[Kind, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Kind))
BY_NAME = {kind.name: kind for kind in KINDS}
