#!/bin/sh
# The command of adnanh/webhook with a job: calls the target with the event's id.
exec curl --silent --fail --data "{\"id\":\"$1\"}" "$JOB_URL"
