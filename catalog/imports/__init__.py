"""From a source's document to the catalog: fetching, matching, policy, and the plan of what would change."""
