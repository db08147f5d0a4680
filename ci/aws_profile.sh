#!/usr/bin/env bash
# Make an AWS profile of the credentials in the environment, which end within hours: ci/aws_profile.sh NAME
# The profile is the kit's only switch between the local AWS and accounts.
set -euo pipefail
name=$1
for key in aws_access_key_id aws_secret_access_key aws_session_token; do
  variable=${key^^}
  if [ -n "${!variable:-}" ]; then .venv/bin/aws configure set "$key" "${!variable}" --profile "$name"; fi
done
.venv/bin/aws configure set region "$AWS_REGION" --profile "$name"
