#!/usr/bin/env bash
# Install the platform on Kubernetes step by step, with plain kubectl and helm: the rollout plan of [000], for people who read each
# step. What it applies are the files of `ottla render -e ENVIRONMENT -o kubernetes/ENVIRONMENT`; run it again to go on where it stopped.
#
#   scripts/install-kafka.sh [ENVIRONMENT] [--dry-run]      ENVIRONMENT: a folder of kubernetes/ (doks)
#
# It uses the current context of kubectl, and shows it. It deletes nothing.
set -euo pipefail

ENVIRONMENT=doks
DRY_RUN=
for argument in "$@"; do
  case "$argument" in
    --dry-run) DRY_RUN=--dry-run=server ;;
    -*) echo "install-kafka.sh: unknown option $argument (there is only --dry-run)" >&2; exit 2 ;;
    *) ENVIRONMENT=$argument ;;
  esac
done
FILES=$(cd "$(dirname "$0")/.." && pwd)/kubernetes/$ENVIRONMENT
NAMESPACE=kafka
CLUSTER=todo-kafka
STRIMZI_VERSION=1.2.0
STRIMZI_CHART=${STRIMZI_CHART:-strimzi/strimzi-kafka-operator}

say() { printf '\n== %s\n' "$1"; }
fail() { echo "install-kafka.sh: $1" >&2; echo "  $2" >&2; exit 1; }
apply() { kubectl apply --server-side --field-manager=ottla $DRY_RUN "$@"; }
apply_if_there() { # PATTERN...: the files that a platform may do without
  local file
  for file in "$@"; do [ ! -e "$file" ] || apply -f "$file"; done
}
wait_for() { [ -n "$DRY_RUN" ] || kubectl wait --namespace "$NAMESPACE" --timeout=600s "$@"; }

say "0. What is needed"
for program in kubectl helm; do command -v "$program" >/dev/null || fail "$program is not installed" "see its documentation"; done
[ -d "$FILES" ] || fail "there is no $FILES" "render it: ottla render -e $ENVIRONMENT -o $FILES"
CONTEXT=$(kubectl config current-context) || fail "kubectl has no current context" "choose one: kubectl config use-context NAME"
echo "context $CONTEXT, files of $FILES"
kubectl auth can-i create customresourcedefinitions >/dev/null || fail "this user may not create CRDs in $CONTEXT" "ask for more rights"

say "1. Namespaces and the Strimzi operator $STRIMZI_VERSION"
for file in "$FILES"/namespace-*.yaml; do apply -f "$file"; done
helm show chart "$STRIMZI_CHART" --version "$STRIMZI_VERSION" >/dev/null 2>&1 ||
  fail "helm finds no chart $STRIMZI_CHART $STRIMZI_VERSION" "add Strimzi's chart repository under the name strimzi (strimzi.io/quickstarts), or set STRIMZI_CHART"
helm upgrade --install strimzi-kafka-operator "$STRIMZI_CHART" --version "$STRIMZI_VERSION" --namespace "$NAMESPACE" \
  --set "watchNamespaces={$NAMESPACE}" --wait ${DRY_RUN:+--dry-run}
wait_for --for=condition=Available deployment/strimzi-cluster-operator

say "2. What JMX gives to Prometheus"
apply -f "$FILES/kafka-metrics-config.yaml"

say "3. The cluster; the first time this takes some minutes"
apply_if_there "$FILES"/storage-class*.yaml "$FILES"/network-*.yaml
for file in "$FILES"/node-pool-*.yaml; do apply -f "$file"; done
apply -f "$FILES/kafka-cluster.yaml"
wait_for --for=condition=Ready "kafka/$CLUSTER"

say "4. Users and topics"
apply_if_there "$FILES"/user-*.yaml
for file in "$FILES"/topic-*.yaml; do apply -f "$file"; done
[ -n "$DRY_RUN" ] || [ ! -e "$FILES/user-admin.yaml" ] || wait_for --for=condition=Ready kafkauser --all
wait_for --for=condition=Ready kafkatopic --all

say "5. The exporter"
apply_if_there "$FILES"/kafka-exporter*.yaml
[ -n "$DRY_RUN" ] || [ ! -e "$FILES/kafka-exporter.yaml" ] || kubectl rollout status --namespace "$NAMESPACE" deployment/kafka-exporter --timeout=300s

say "6. Monitors, alerts, dashboards; Kafka UI; Dapr"
apply_if_there "$FILES"/kafka-pod-monitor.yaml "$FILES"/kafka-alerts.yaml "$FILES"/dashboard-*.yaml
apply_if_there "$FILES"/kafka-ui*.yaml "$FILES"/dapr-*.yaml

say "7. What is there now"
kubectl get kafka,kafkanodepool,kafkatopic,kafkauser,pod --namespace "$NAMESPACE" $([ -z "$DRY_RUN" ] || echo --ignore-not-found)
