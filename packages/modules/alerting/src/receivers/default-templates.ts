/**
 * The texts of a notification where a configuration sets none. The names are Alertmanager's, so that
 * its template files can put others in their place; the texts are ours.
 */
export const DEFAULT_TEMPLATES = `
{{ define "__alertmanager" }}DWCP Monitoring{{ end }}
{{ define "__alertmanagerURL" }}{{ .ExternalURL }}/#/alerts?receiver={{ .Receiver | urlquery }}{{ end }}

{{ define "__subject" -}}
[{{ .Status | toUpper }}{{ if eq .Status "firing" }} {{ .Alerts.Firing | len }}{{ end }}]
{{- if .GroupLabels }} {{ .GroupLabels.SortedPairs.Values | join " " }}{{ end }}
{{- $rest := .CommonLabels.Remove .GroupLabels.Names }}
{{- if $rest }} ({{ $rest.Values | join " " }}){{ end }}
{{- end }}

{{ define "__alert_line" -}}
{{ if .Annotations.summary }}{{ .Annotations.summary }}{{ else }}{{ .Labels.alertname }}{{ end }}
{{- end }}

{{ define "__text_alert_list" }}{{ range . -}}
- {{ template "__alert_line" . }}
{{ if .Annotations.description }}  {{ .Annotations.description }}
{{ end }}  Labels: {{ .Labels }}
  Since: {{ .StartsAt.Format "2006-01-02 15:04:05 MST" }}
{{ if .GeneratorURL }}  Source: {{ .GeneratorURL }}
{{ end }}{{ if .Annotations.runbook_url }}  Runbook: {{ .Annotations.runbook_url }}
{{ end }}{{ end }}{{ end }}

{{ define "__text" -}}
{{ if .Alerts.Firing }}Firing:
{{ template "__text_alert_list" .Alerts.Firing }}{{ end }}
{{- if .Alerts.Resolved }}Resolved:
{{ template "__text_alert_list" .Alerts.Resolved }}{{ end }}
{{- end }}

{{ define "__markdown_alert_list" }}{{ range . -}}
- **{{ template "__alert_line" . }}**{{ if .Annotations.description }} {{ .Annotations.description }}{{ end }} ({{ .Labels }}, since {{ .StartsAt.Format "2006-01-02 15:04:05 MST" }}){{ if .GeneratorURL }} [source]({{ .GeneratorURL }}){{ end }}{{ if .Annotations.runbook_url }} [runbook]({{ .Annotations.runbook_url }}){{ end }}
{{ end }}{{ end }}

{{ define "__markdown" -}}
{{ if .Alerts.Firing }}Firing:

{{ template "__markdown_alert_list" .Alerts.Firing }}{{ end }}
{{- if .Alerts.Resolved }}Resolved:

{{ template "__markdown_alert_list" .Alerts.Resolved }}{{ end }}
{{- end }}

{{ define "slack.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "slack.default.username" }}{{ template "__alertmanager" . }}{{ end }}
{{ define "slack.default.fallback" }}{{ template "slack.default.title" . }}{{ end }}
{{ define "slack.default.callbackid" }}{{ end }}
{{ define "slack.default.pretext" }}{{ end }}
{{ define "slack.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "slack.default.iconemoji" }}{{ end }}
{{ define "slack.default.iconurl" }}{{ end }}
{{ define "__slack_alert_list" }}{{ range . -}}
• *{{ if .Annotations.summary }}{{ .Annotations.summary | slackEscape }}{{ else }}{{ .Labels.alertname | slackEscape }}{{ end }}*{{ if .Annotations.description }} {{ .Annotations.description | slackEscape }}{{ end }}
   {{ printf "%s" .Labels.SortedPairs | slackEscape }}{{ if .GeneratorURL }} <{{ .GeneratorURL | slackEscape }}|source>{{ end }}{{ if .Annotations.runbook_url }} <{{ .Annotations.runbook_url | slackEscape }}|runbook>{{ end }}
{{ end }}{{ end }}
{{ define "slack.default.text" -}}
{{ if .Alerts.Firing }}{{ template "__slack_alert_list" .Alerts.Firing }}{{ end }}
{{- if .Alerts.Resolved }}{{ if .Alerts.Firing }}*Resolved*
{{ end }}{{ template "__slack_alert_list" .Alerts.Resolved }}{{ end }}
{{- end }}
{{ define "slack.default.footer" }}{{ end }}

{{ define "pagerduty.default.description" }}{{ template "__subject" . }}{{ end }}
{{ define "pagerduty.default.client" }}{{ template "__alertmanager" . }}{{ end }}
{{ define "pagerduty.default.clientURL" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "pagerduty.default.instances" }}{{ template "__text_alert_list" . }}{{ end }}

{{ define "opsgenie.default.message" }}{{ template "__subject" . }}{{ end }}
{{ define "opsgenie.default.description" }}{{ if .CommonAnnotations.description }}{{ .CommonAnnotations.description }}

{{ end }}{{ template "__text" . }}{{ end }}
{{ define "opsgenie.default.source" }}{{ template "__alertmanagerURL" . }}{{ end }}

{{ define "msteamsv2.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "msteamsv2.default.text" }}{{ template "__markdown" . }}{{ end }}
{{ define "msteams.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "msteams.default.summary" }}{{ template "__subject" . }}{{ end }}
{{ define "msteams.default.text" }}{{ template "__markdown" . }}{{ end }}

{{ define "email.default.subject" }}{{ template "__subject" . }}{{ end }}
{{ define "email.default.text" }}{{ template "__text" . }}
{{ template "__alertmanagerURL" . }}
{{ end }}
{{ define "__html_alerts" }}{{ range . }}
<div style="border:1px solid #d8dde3;border-radius:6px;padding:12px 16px;margin:0 0 12px">
<p style="margin:0 0 6px;font-weight:600">{{ template "__alert_line" . }}</p>
{{ if .Annotations.description }}<p style="margin:0 0 6px">{{ .Annotations.description }}</p>{{ end }}
<p style="margin:0 0 6px;color:#57606a">Since {{ .StartsAt.Format "2006-01-02 15:04:05 MST" }}</p>
<table role="presentation" style="border-collapse:collapse;font-size:13px">{{ range .Labels.SortedPairs }}
<tr><td style="padding:1px 12px 1px 0;color:#57606a">{{ .Name }}</td><td style="padding:1px 0">{{ .Value }}</td></tr>{{ end }}
</table>
{{ if .GeneratorURL }}<p style="margin:6px 0 0"><a href="{{ .GeneratorURL }}">Source</a>{{ if .Annotations.runbook_url }} · <a href="{{ .Annotations.runbook_url }}">Runbook</a>{{ end }}</p>
{{ else if .Annotations.runbook_url }}<p style="margin:6px 0 0"><a href="{{ .Annotations.runbook_url }}">Runbook</a></p>{{ end }}
</div>{{ end }}{{ end }}
{{ define "email.default.html" -}}
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{ template "__subject" . }}</title></head>
<body style="margin:0;padding:24px;font-family:system-ui,-apple-system,'Segoe UI',sans-serif;font-size:15px;line-height:1.45;color:#1f2328;background:#ffffff">
<div style="max-width:640px;margin:0 auto">
<h1 style="font-size:18px;margin:0 0 16px;padding:0 0 0 12px;border-left:4px solid {{ if eq .Status "firing" }}#c62828{{ else }}#2e7d32{{ end }}">{{ template "__subject" . }}</h1>
{{ if .Alerts.Firing }}<h2 style="font-size:15px;margin:0 0 8px">{{ .Alerts.Firing | len }} firing</h2>{{ template "__html_alerts" .Alerts.Firing }}{{ end }}
{{ if .Alerts.Resolved }}<h2 style="font-size:15px;margin:16px 0 8px">{{ .Alerts.Resolved | len }} resolved</h2>{{ template "__html_alerts" .Alerts.Resolved }}{{ end }}
<p style="color:#57606a;font-size:13px"><a href="{{ template "__alertmanagerURL" . }}">{{ template "__alertmanager" . }}</a></p>
</div>
</body>
</html>
{{ end }}
`;
