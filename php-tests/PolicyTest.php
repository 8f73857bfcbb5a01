<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

/**
 * The runtime policy of a task, through the facade.
 */
final class PolicyTest extends SiteTestCase {

	use RunAssertions;

	public function test_decisions_stand_in_the_bundle(): void {
		$run    = self::run_task( Task::input( 'edit' ) );
		$bundle = self::assert_bundle( $run );
		$events = array_map( static fn( string $line ) => json_decode( $line, true ), file( $bundle . '/events.jsonl', FILE_IGNORE_NEW_LINES ) );
		$fields = array();
		foreach ( $events as $event ) {
			if ( 'runtime.policy.allowed' === $event['type'] ) {
				$fields[] = $event['data']['field'];
			}
		}
		self::assertContains( 'commands', $fields );
		self::assertContains( 'filesystem', $fields );
		$created = $events[ array_search( 'runtime.created', array_column( $events, 'type' ), true ) ];
		self::assertSame( 'deny', $created['data']['policy']['network'] );
		self::assertSame( array( 'wordpress.ability' ), $created['data']['policy']['commands'] );
	}

	public function test_readonly_mounts_leave_nothing_to_patch(): void {
		$run    = self::run_task( Task::input( 'edit', array( 'runtime_policy' => array( 'filesystem' => 'readonly-mounts' ) ) ) );
		$bundle = self::assert_bundle( $run );
		self::assertSame( '', file_get_contents( $bundle . '/files/patch.diff' ) );
	}

	public function test_an_approval_that_nobody_gives_fails_the_run(): void {
		$bundle = self::assert_failed(
			self::run_task( Task::input( 'edit', array( 'runtime_policy' => array( 'approvals' => 'on-write' ) ) ) ),
			'runtime-command-not-approved'
		);
		self::assertSame( '', file_get_contents( $bundle . '/files/patch.diff' ) );
	}

	/**
	 * @dataProvider refused
	 *
	 * @param array<string, mixed> $policy The policy.
	 */
	public function test_a_policy_that_cannot_be_is_refused( array $policy, string $code, string $field ): void {
		$refusal = \WP_Codebox_API::run_agent_task( Task::input( 'edit', array( 'runtime_policy' => $policy ) ) );
		self::assertInstanceOf( \WP_Error::class, $refusal );
		self::assertSame( $code, $refusal->get_error_code(), $refusal->get_error_message() );
		self::assertSame( $field, $refusal->get_error_data()['field'] );
	}

	/**
	 * @return array<string, array{array<string, mixed>, string, string}>
	 */
	public static function refused(): array {
		return array(
			'an unknown field'        => array( array( 'net' => 'allow' ), 'wp_codebox_input_invalid', 'runtime_policy.net' ),
			'a network of no kind'    => array( array( 'network' => 'open' ), 'runtime-policy-invalid', 'runtime_policy.network' ),
			'a host that is a URL'    => array( array( 'network' => array( 'allowHosts' => array( 'https://example.org' ) ) ), 'runtime-policy-invalid', 'runtime_policy.network' ),
			'a missing command'       => array( array( 'commands' => array( 'wordpress.run-php' ) ), 'runtime-policy-missing-command', 'runtime_policy.commands' ),
			'an approval of no kind'  => array( array( 'approvals' => true ), 'runtime-policy-invalid', 'runtime_policy.approvals' ),
		);
	}

	public function test_hosts_are_the_operator_s_to_allow(): void {
		// PHPUnit's PHP is no WP-CLI: not the operator.
		$input = Task::input( 'edit', array( 'runtime_policy' => array( 'network' => array( 'allowHosts' => array( 'api.example.org' ) ) ) ) );
		$refusal = \WP_Codebox_API::run_agent_task( $input );
		self::assertInstanceOf( \WP_Error::class, $refusal );
		self::assertSame( 'runtime-policy-violation', $refusal->get_error_code() );
		$allow = static fn( array $hosts ): array => array_merge( $hosts, array( '*.example.org' ) );
		add_filter( 'wp_codebox_allowed_network_hosts', $allow );
		self::assert_edited( self::run_task( $input ), $input );
		remove_filter( 'wp_codebox_allowed_network_hosts', $allow );
	}
}
