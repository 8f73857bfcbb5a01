<?php
/**
 * Plugin Name: Pull Request Adapter
 * Description: An example of an external apply adapter for WP Codebox: it records a pull request for every approved artifact instead of changing files.
 * Version:     0.1.0
 * License:     GPL-2.0-or-later
 *
 * A real one would push a branch to a forge. What this one shows is the contract: what an adapter
 * gets, what it has to answer, and how it refuses.
 */

declare( strict_types = 1 );

defined( 'ABSPATH' ) || exit;

/** Option with the pull requests, newest last. */
const PULL_REQUEST_ADAPTER_OPTION = 'pull_request_adapter_requests';

add_filter( 'wp_codebox_apply_approved_artifact', 'pull_request_adapter_apply', 10, 2 );

/**
 * Records a pull request.
 *
 * @param array|WP_Error|null $result  What an adapter before this one answered; null if none did.
 * @param array               $payload What is approved. `patch` is of exactly `approved_files`, and the
 *                                     bundle was verified a moment ago.
 * @return array|WP_Error|null A `wp-codebox/apply-result/v1`; null for what is not for this adapter.
 */
function pull_request_adapter_apply( $result, array $payload ) {
	$repository = $payload['apply_target']['repository'] ?? '';
	if ( null !== $result || '' === $repository ) {
		return $result;
	}
	// Which repositories there are is the site's to say, never the caller's.
	$allowed = (array) apply_filters( 'pull_request_adapter_repositories', array() );
	if ( ! in_array( $repository, $allowed, true ) ) {
		return new WP_Error( 'pull_request_adapter_repository_unknown', 'No such repository is configured.', array( 'status' => 400 ) );
	}

	$requests = (array) get_option( PULL_REQUEST_ADAPTER_OPTION, array() );
	$branch   = 'codebox/' . substr( $payload['artifact_content_digest'], 0, 12 );
	foreach ( $requests as $number => $request ) {
		// The same approval a second time is the same pull request.
		if ( $request['branch'] === $branch && $request['patch_sha256'] === $payload['patch_sha256'] ) {
			return pull_request_adapter_result( $number, $request );
		}
	}

	$number              = count( $requests ) + 1;
	$requests[ $number ] = array(
		'repository'     => $repository,
		'branch'         => $branch,
		'title'          => $payload['artifact']['review']['summary'] ?? 'Changes of a sandbox',
		'body'           => "Artifact: {$payload['artifact_id']}\nPatch: sha256:{$payload['patch_sha256']}",
		'approver'       => $payload['approver'],
		'approved_files' => $payload['approved_files'],
		'patch'          => $payload['patch'],
		'patch_sha256'   => $payload['patch_sha256'],
	);
	update_option( PULL_REQUEST_ADAPTER_OPTION, $requests, false );
	return pull_request_adapter_result( $number, $requests[ $number ] );
}

/**
 * The answer: what was done, where, and to which files. WP Codebox refuses one that names other files
 * than were approved.
 *
 * @param int   $number  Number of the pull request.
 * @param array $request The pull request.
 */
function pull_request_adapter_result( int $number, array $request ): array {
	return array(
		'schema'          => 'wp-codebox/apply-result/v1',
		'adapter'         => 'example/pull-request',
		'status'          => 'pull-request-opened',
		'target'          => array( 'repository' => $request['repository'] ),
		'applied_files'   => $request['approved_files'],
		'audit_reference' => "{$request['repository']}#{$number}",
		'branch'          => $request['branch'],
		'pr_url'          => "https://forge.example/{$request['repository']}/pull/{$number}",
	);
}
