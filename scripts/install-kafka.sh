#!/usr/bin/env bash
# Install the platform on Kubernetes step by step, with plain kubectl and helm: the rollout plan of [000], for people who read each
# step. What it applies are the files of `ottla render -e ENVIRONMENT -o kubernetes/ENVIRONMENT`; run it again to go on where it
# stopped, after each rendering, and after a rotation of passwords or of the CA.
#
#   scripts/install-kafka.sh [ENVIRONMENT] [--yes] [--keep-operator] [--dry-run]
#
#   ENVIRONMENT      a folder of kubernetes/ (doks), or the path of one
#   --yes, -y        do not ask
#   --keep-operator  Strimzi's operator and its CRDs are there, watch the namespace, and are not for this script to touch
#   --dry-run        change nothing: check what is needed, then let the server check each file whose kind and namespace it has
#
# It uses the current context of kubectl, and shows it. It deletes nothing.
set -euo pipefail

STRIMZI_VERSION=1.2.0
STRIMZI_CHART=${STRIMZI_CHART:-strimzi/strimzi-kafka-operator}
RELEASE=strimzi-kafka-operator
WATCHED='{.spec.containers[0].env[?(@.name=="STRIMZI_NAMESPACE")].value}'
OPERATOR="{range .items[*]}{.metadata.namespace} {.spec.containers[0].image} $WATCHED{\"\\n\"}{end}"
ENVIRONMENT=doks YES='' KEEP_OPERATOR='' DRY_RUN=''

say() { printf '\n== %s\n' "$1"; }
fail() { # WHAT HINT...
  echo "install-kafka.sh: $1" >&2; shift
  printf '  %s\n' "$@" >&2
  exit 1
}
apply() { kubectl apply --server-side --field-manager=ottla "$@"; }
apply_files() { # FILE...: those that are there; a pattern that nothing matches is none
  local file
  for file in "$@"; do [ ! -e "$file" ] || apply -f "$file"; done
}
there_are() { [ -e "$1" ]; } # PATTERN, not in quotes
value_of() { awk -v key="$2:" '$1 == key { print $2; exit }' "$1" | tr -d "'\""; } # FILE KEY: the first one of a rendered file
secrets_of() { awk '$1 == "secretKeyRef:" { getline; name = $2; getline; print name, $2 }' "$1" | tr -d "'\""; } # FILE: name, key
wait_for() { # RESOURCES...: until all of them are ready
  kubectl wait --namespace "$NAMESPACE" --timeout=600s --for=condition=Ready "$@" ||
    fail "not ready: $*" "see why: kubectl describe --namespace $NAMESPACE $*" \
      "and: kubectl logs --namespace $NAMESPACE deployment/strimzi-cluster-operator; then run this again"
}

needs() { # CRD KIND WHAT KEY: a kind that files of the folder have, and that others' programs bring
  grep -qs "^kind: $2\$" "$FILES"/*.yaml || return 0
  [ -n "$(kubectl get crd "$1" --ignore-not-found --output name)" ] ||
    fail "there is no $3 in $CONTEXT: $FILES has a $2, and nothing knows it (CRD $1)" \
      "install it; or switch it off (kubernetes: {$4: {enabled: false}}), and render again"
}

check_operator() { # stops before an operator is reset that somebody has set up otherwise
  local ours chart values operators where image watched
  ours=$(helm list --namespace "$NAMESPACE" --filter "^$RELEASE\$" --short)
  if [ -n "$ours" ]; then
    chart=$(helm list --namespace "$NAMESPACE" --filter "^$RELEASE\$" | grep -o 'strimzi-kafka-operator-[0-9][^[:space:]]*' || true)
    [ "$chart" = "strimzi-kafka-operator-$STRIMZI_VERSION" ] ||
      fail "the helm release $RELEASE is of ${chart:-another chart}, not of $STRIMZI_VERSION" \
        "see what Strimzi says about upgrades, then do it yourself, the CRDs first:" \
        "helm show crds $STRIMZI_CHART --version $STRIMZI_VERSION | awk '/^apiVersion:/ { print \"---\" } { print }' |" \
        "  kubectl apply --server-side --force-conflicts --filename -" \
        "helm upgrade $RELEASE $STRIMZI_CHART --version $STRIMZI_VERSION --namespace $NAMESPACE --reset-then-reuse-values"
    values=$(helm get values "$RELEASE" --namespace "$NAMESPACE" --output json)
    case "$values" in
      null | '{}') ;;
      *) fail "the helm release $RELEASE has values of its own, which would be reset" \
        "they are: helm get values $RELEASE --namespace $NAMESPACE; to leave the operator as it is: --keep-operator" ;;
    esac
  fi
  operators=$(kubectl get pods --all-namespaces --selector strimzi.io/kind=cluster-operator --output jsonpath="$OPERATOR")
  while read -r where image watched <&3; do
    [ -n "$where" ] || continue
    [ -z "$ours" ] || [ "$where" != "$NAMESPACE" ] || continue
    case ",${watched:-$where}," in # without a value it watches its own namespace
      *",$NAMESPACE,"* | *",*,"*)
        fail "an operator in the namespace $where watches $NAMESPACE already" \
          "two of them would undo each other's work; to use that one: --keep-operator" ;;
    esac
    [ "${image##*:}" = "$STRIMZI_VERSION" ] ||
      fail "an operator in the namespace $where is ${image##*:}, not $STRIMZI_VERSION, and has the same CRDs" \
        "bring it to $STRIMZI_VERSION first; or let it watch $NAMESPACE as well, and use it: --keep-operator"
  done 3<<<"$operators"
}

check_files() { # what --dry-run can do
  local file answer unseen=0 refused=0
  for file in "$FILES"/*.yaml; do
    [ "${file##*/}" != kustomization.yaml ] || continue
    answer=$(apply --dry-run=server -f "$file" 2>&1) && { echo "$answer"; continue; }
    case "$answer" in
      *"no matches for kind"* | *"namespaces \""*"\" not found"*) echo "not checked: ${file##*/}"; unseen=$((unseen + 1)) ;;
      *) echo "refused: ${file##*/}: $answer"; refused=$((refused + 1)) ;;
    esac
  done
  echo "nothing was changed; $unseen files not checked, as their kind or namespace is not there yet; $refused refused"
  [ "$refused" = 0 ]
}

check_passwords() { # Secrets with passwords that the spec has references to: without them a KafkaUser never gets ready
  local file name key missing=()
  for file in "$FILES"/user-*.yaml; do
    [ -e "$file" ] || continue
    while read -r name key <&3; do
      [ -n "$(kubectl get secret "$name" --namespace "$NAMESPACE" --ignore-not-found --output "jsonpath={.data.$key}")" ] ||
        missing+=(
          "printf %s \"\$PASSWORD\" |"
          "  kubectl create secret generic $name --namespace $NAMESPACE --from-file=$key=/dev/stdin --dry-run=client --output yaml |"
          "  kubectl apply --server-side --field-manager=ottla --filename -"
        )
    done 3< <(secrets_of "$file")
  done
  [ ${#missing[@]} = 0 ] ||
    fail "passwords are missing; make their Secrets, then run this again (PASSWORD is what the spec refers to)" "${missing[@]}"
}

copy_secrets() { # COMPONENT-FILE: what Dapr looks for beside the component, and Strimzi keeps elsewhere. No value is shown
  local file=$1 from to user name key source
  from=$(value_of "$file" ottla/secrets-from)
  [ -n "$from" ] || return 0
  to=$(value_of "$file" namespace)
  user=$(awk '/name: saslUsername/ { getline; print $2 }' "$file" | tr -d "'\"")
  while read -r name key <&3; do
    source=$name
    [ "$key" != password ] || source=$user # Strimzi names it after the user
    copy_secret "$from" "$source" "$key" "$to" "$name"
  done 3< <(secrets_of "$file")
}
copy_secret() { # FROM NAME KEY TO TO-NAME; a Secret that cannot be read gives no copy, where a pipe would give an empty one
  local value
  value=$(kubectl get secret "$2" --namespace "$1" --output "jsonpath={.data.${3//./\\.}}")
  [ -n "$value" ] || fail "the Secret $2 in the namespace $1 has no $3" "see: kubectl describe secret $2 --namespace $1"
  printf %s "$value" | base64 --decode |
    kubectl create secret generic "$5" --namespace "$4" --from-file="$3=/dev/stdin" --dry-run=client --output yaml |
    apply --force-conflicts -f - # whoever made the copy before: it is what the original says
}

for argument in "$@"; do
  case "$argument" in
    --yes | -y) YES=yes ;;
    --keep-operator) KEEP_OPERATOR=yes ;;
    --dry-run) DRY_RUN=yes ;;
    -*) echo "install-kafka.sh: unknown option $argument (there are --yes, --keep-operator, --dry-run)" >&2; exit 2 ;;
    *) ENVIRONMENT=$argument ;;
  esac
done
case "$ENVIRONMENT" in
  */*) FILES=${ENVIRONMENT%/} ;;
  *) FILES=$(cd "$(dirname "$0")/.." && pwd)/kubernetes/$ENVIRONMENT ;;
esac

say "0. What is needed"
command -v kubectl >/dev/null || fail "kubectl is not installed" "see its documentation"
[ -n "$KEEP_OPERATOR" ] || command -v helm >/dev/null || fail "helm is not installed" "see its documentation"
[ -d "$FILES" ] || fail "there is no $FILES" "render it: ottla render -e $ENVIRONMENT -o $FILES"
[ -e "$FILES/kafka-cluster.yaml" ] ||
  fail "$FILES has no cluster: its environment shares that of another" \
    "install that one; then: kubectl apply --server-side --field-manager=ottla --kustomize $FILES"
CLUSTER=$(value_of "$FILES/kafka-cluster.yaml" name)
NAMESPACE=$(value_of "$FILES/kafka-cluster.yaml" namespace)
PLATFORM=$(value_of "$FILES/kafka-cluster.yaml" app.kubernetes.io/part-of)
CONTEXT=$(kubectl config current-context) || fail "kubectl has no current context" "choose one: kubectl config use-context NAME"
SERVER=$(kubectl config view --minify --output 'jsonpath={.clusters[0].cluster.server}')
echo "context $CONTEXT ($SERVER)"
echo "files   $FILES: the cluster $CLUSTER in the namespace $NAMESPACE"
needs podmonitors.monitoring.coreos.com PodMonitor "prometheus-operator" monitors
needs servicemonitors.monitoring.coreos.com ServiceMonitor "prometheus-operator" monitors
needs prometheusrules.monitoring.coreos.com PrometheusRule "prometheus-operator" monitors
needs components.dapr.io Component "Dapr" dapr
needs subscriptions.dapr.io Subscription "Dapr" dapr
needs resiliencies.dapr.io Resiliency "Dapr" dapr
if [ -z "$KEEP_OPERATOR" ]; then
  kubectl auth can-i create customresourcedefinitions --all-namespaces >/dev/null ||
    fail "this user may not create CRDs in $CONTEXT" "ask for more rights"
  helm show chart "$STRIMZI_CHART" --version "$STRIMZI_VERSION" >/dev/null 2>&1 ||
    fail "helm finds no chart $STRIMZI_CHART $STRIMZI_VERSION" \
      "add Strimzi's chart repository under the name strimzi (strimzi.io/quickstarts), or set STRIMZI_CHART"
  check_operator
else
  [ -n "$(kubectl get crd kafkanodepools.kafka.strimzi.io --ignore-not-found --output name)" ] ||
    fail "there is no Strimzi in $CONTEXT to keep" "without --keep-operator, this script installs it"
fi
if [ -n "$DRY_RUN" ]; then
  say "What the server says to the files"
  check_files
  exit
fi
if [ -z "$YES" ]; then
  [ -t 0 ] || fail "nobody is there to be asked" "to go on without being asked, add: --yes"
  read -r -p "Install $CLUSTER in $CONTEXT? [y/N]: " answer
  case "$answer" in y | Y | yes) ;; *) echo "nothing was done"; exit 0 ;; esac
fi

say "1. Namespaces, and the passwords that must be in them"
apply_files "$FILES"/namespace-*.yaml
check_passwords

say "2. The Strimzi operator $STRIMZI_VERSION; its CRDs first, as helm never brings those to another version"
if [ -z "$KEEP_OPERATOR" ]; then
  helm show crds "$STRIMZI_CHART" --version "$STRIMZI_VERSION" | # its files, and helm 3 puts nothing between them
    awk '/^apiVersion:/ { print "---" } { print }' | apply --force-conflicts -f - # helm may have made them
  helm upgrade --install "$RELEASE" "$STRIMZI_CHART" --version "$STRIMZI_VERSION" --namespace "$NAMESPACE" --wait
else
  echo "left as it is"
fi

say "3. What lies around the nodes: policies, the class of their volumes, what JMX gives to Prometheus"
apply_files "$FILES"/network-*.yaml "$FILES"/storage-class.yaml "$FILES"/kafka-metrics-config.yaml

say "4. The cluster; the first time this takes some minutes"
apply_files "$FILES"/node-pool-*.yaml "$FILES"/kafka-cluster.yaml
wait_for "kafka/$CLUSTER"

say "5. Users and topics"
apply_files "$FILES"/user-*.yaml "$FILES"/topic-*.yaml
for kind in user topic; do
  ! there_are "$FILES/$kind"-*.yaml ||
    wait_for "kafka$kind" --selector "app.kubernetes.io/part-of=$PLATFORM"
done

say "6. Exporter, monitors, alerts, dashboards; Kafka UI"
apply_files "$FILES"/kafka-exporter*.yaml "$FILES"/kafka-pod-monitor.yaml "$FILES"/kafka-alerts.yaml "$FILES"/dashboard-*.yaml
apply_files "$FILES"/kafka-ui*.yaml

say "7. Dapr: copies of the Secrets that components name, then components and the rest"
for file in "$FILES"/dapr-*-component-*.yaml; do [ ! -e "$file" ] || copy_secrets "$file"; done
apply_files "$FILES"/dapr-*.yaml

say "8. What is there now"
kubectl get kafka,kafkanodepool,kafkatopic,kafkauser,pod --namespace "$NAMESPACE"
[ ! -e "$FILES/kafka-exporter.yaml" ] || kubectl rollout status --namespace "$NAMESPACE" deployment/kafka-exporter --timeout=300s ||
  fail "the exporter does not come up; all else is there" \
    "see why: kubectl describe pod --selector app=kafka-exporter --namespace $NAMESPACE" \
    "where its image cannot be pulled ($(value_of "$FILES/kafka-exporter.yaml" image)): build it, push it to where your machines find it," \
    "name it in the spec (kubernetes: {image: ...}), render, and run this again; how: docs/how-to/kubernetes.md"
