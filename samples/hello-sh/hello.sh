#!/bin/sh
# The smallest firmware: says hello, counts its starts in its own file system, and stays.
starts=$(($(cat starts 2>/dev/null || echo 0) + 1))
echo "$starts" >starts.new && mv starts.new starts
echo "hello from version $MEERKAT_VERSION in slot $MEERKAT_SLOT, start $starts, trial: $MEERKAT_TRIAL"
trap 'exit 0' TERM
while :; do
  sleep 1 &
  wait $!
done
