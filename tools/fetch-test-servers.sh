#!/usr/bin/env bash
# Puts the real servers that the integration tests talk to into a folder, from Debian's packages,
# unpacked only: nothing is installed as a service. Prints the folder.
#   tools/fetch-test-servers.sh [FOLDER]      default: .cache/test-servers
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(realpath -m "${1:-.cache/test-servers}")
packages=(prometheus prometheus-alertmanager prometheus-node-exporter prometheus-pushgateway
  victoria-metrics)
programs=(usr/bin/prometheus usr/bin/promtool usr/bin/prometheus-alertmanager usr/bin/amtool
  usr/bin/prometheus-node-exporter usr/bin/prometheus-pushgateway usr/bin/victoria-metrics usr/bin/vmagent)

complete() {
  for program in "${programs[@]}"; do [ -x "$folder/$program" ] || return 1; done
}

if ! complete; then
  mkdir -p "$folder/.deb"
  (
    cd "$folder/.deb"
    apt-get download "${packages[@]}" >&2 || {
      apt-get update -qq >&2
      apt-get download "${packages[@]}" >&2
    }
  )
  for deb in "$folder"/.deb/*.deb; do dpkg -x "$deb" "$folder"; done
  rm -rf "$folder/.deb"
  complete || {
    echo "fetch-test-servers: a program of ${programs[*]} is missing in $folder" >&2
    exit 1
  }
fi

# Debian's Alertmanager reads its own templates from there, wherever it lies itself.
templates=/usr/share/prometheus/alertmanager
if [ ! -e "$templates/default.tmpl" ]; then
  { mkdir -p "$templates" && cp "$folder$templates"/*.tmpl "$templates"; } 2>/dev/null ||
    echo "fetch-test-servers: cannot write $templates, so Alertmanager will not start" >&2
fi
echo "$folder"
