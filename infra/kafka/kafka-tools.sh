#!/bin/sh
# What docker-compose.yml asks of a Kafka image, with the tools that are in it: Apache's own image, or the one that
# scripts/local-images.sh builds.
#   kafka-tools.sh create BROKER PARTITIONS TOPIC...   makes each topic unless it is there
#   kafka-tools.sh round-trip BROKER                   one record in, and out again
set -eu
export KAFKA_HEAP_OPTS=-Xmx128m KAFKA_JVM_PERFORMANCE_OPTS='-XX:TieredStopAtLevel=1 -XX:+UseSerialGC'

tool() { # tool CLASS ARGUMENTS...
  if [ -x /opt/kafka/bin/kafka-run-class.sh ]; then
    /opt/kafka/bin/kafka-run-class.sh "$@"
  else
    java $KAFKA_HEAP_OPTS $KAFKA_JVM_PERFORMANCE_OPTS -Dlog4j2.level=ERROR "$@"
  fi
}

create() { # create BROKER TOPIC PARTITIONS SETTINGS...
  broker=$1 topic=$2 partitions=$3
  shift 3
  tool org.apache.kafka.tools.TopicCommand --bootstrap-server "$broker" --create --if-not-exists \
    --topic "$topic" --partitions "$partitions" --replication-factor 1 "$@"
}

round_trip() { # round_trip BROKER
  topic=freshet.health seen=/tmp/freshet-health-topic
  [ -e "$seen" ] || create "$1" "$topic" 1 --config retention.ms=600000 >/dev/null
  touch "$seen"
  sent=$(date +%s.%N)
  echo "$sent" | tool org.apache.kafka.tools.ConsoleProducer --bootstrap-server "$1" --topic "$topic" >/dev/null
  # Whatever lies there from before is read too: the topic keeps ten minutes.
  tool org.apache.kafka.tools.consumer.ConsoleConsumer --bootstrap-server "$1" --topic "$topic" --partition 0 \
    --offset earliest --timeout-ms 3000 2>/dev/null | grep -qx "$sent"
}

case ${1:-} in
  create)
    broker=$2 partitions=$3
    shift 3
    for each; do (create "$broker" "$each" "$partitions"); done
    ;;
  round-trip) round_trip "$2" ;;
  *) sed -n 's/^#   //p' "$0" >&2; exit 2 ;;
esac
