<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use WP_Codebox_API;
use WP_Codebox_Permissions;
use WP_Codebox_Records;
use WP_REST_Request;

/**
 * On a network of sites: one store, one set of options and one list of pending applies for all of them,
 * and an administrator of one site is nobody.
 */
final class MultisiteTest extends SiteTestCase {

	use RunAssertions;

	/** Id of the network's second site, and a user who administers it alone. */
	private int $second;
	private int $local_admin;

	public static function setUpBeforeClass(): void {
		parent::setUpBeforeClass();
		// Tables are not made within a transaction.
		WP_Codebox_Records::install();
	}

	protected function setUp(): void {
		parent::setUp();
		self::assertTrue( is_multisite() );
		Site::remove( Site::artifacts_root() );
		$sites             = get_sites( array( 'site__not_in' => array( get_main_site_id() ) ) );
		$this->second      = (int) $sites[0]->blog_id;
		$this->local_admin = wp_insert_user(
			array(
				'user_login' => 'local-admin',
				'user_pass'  => wp_generate_password(),
			)
		);
		add_user_to_blog( $this->second, $this->local_admin, 'administrator' );
	}

	protected function tearDown(): void {
		restore_current_blog();
		parent::tearDown();
	}

	public function test_the_store_is_the_networks(): void {
		$id = $this->bundle();
		self::assertSame( array( $id ), array_column( WP_Codebox_API::list_artifacts()['artifacts'], 'id' ) );
		switch_to_blog( $this->second );
		self::assertSame( array( $id ), array_column( WP_Codebox_API::list_artifacts()['artifacts'], 'id' ) );
		self::assertSame( $id, WP_Codebox_API::get_artifact( array( 'artifact_id' => $id ) )['artifact']['id'] );
		self::assertTrue( WP_Codebox_API::verify_artifacts()['valid'] );
	}

	public function test_what_is_staged_on_one_site_is_decided_on_another(): void {
		global $wpdb;
		$workspace = Site::fixture( 'workspace' );
		$id        = $this->bundle();
		self::configure( $workspace );
		switch_to_blog( $this->second );
		$staged = WP_Codebox_API::stage_artifact_apply( self::approval( $id ) );
		self::assertIsArray( $staged, print_r( $staged, true ) );
		restore_current_blog();

		$pending = WP_Codebox_API::list_pending_applies( array( 'state' => 'pending' ) )['pending'];
		self::assertSame( array( $staged['pending_id'] ), array_column( $pending, 'pending_id' ) );
		$tables = $wpdb->get_col( "SHOW TABLES LIKE '%codebox_records'" );
		self::assertSame( array( $wpdb->base_prefix . 'codebox_records' ), $tables );
		$accepted = WP_Codebox_API::accept_pending_apply( array( 'pending_id' => $staged['pending_id'] ) );
		self::assertIsArray( $accepted, print_r( $accepted, true ) );
		self::assertSame( 'applied', $accepted['state'] );
		self::assertSame( Task::edited(), Site::files( $workspace ) );
	}

	public function test_a_rejection_on_another_site_leaves_everything(): void {
		$workspace = Site::fixture( 'workspace' );
		$id        = $this->bundle();
		self::configure( $workspace );
		$staged = WP_Codebox_API::stage_artifact_apply( self::approval( $id ) );
		$before = Site::files( $workspace );
		switch_to_blog( $this->second );
		self::assertSame( 'rejected', WP_Codebox_API::reject_pending_apply( array( 'pending_id' => $staged['pending_id'] ) )['state'] );
		self::assertSame( $before, Site::files( $workspace ) );
	}

	public function test_targets_of_one_site_are_not_the_networks(): void {
		$workspace = Site::fixture( 'workspace' );
		$id        = $this->bundle();
		switch_to_blog( $this->second );
		update_option( 'wp_codebox_apply_targets', self::targets( $workspace ) );
		self::assert_error( WP_Codebox_API::apply_approved_artifact( self::approval( $id ) ), 501, 'wp_codebox_apply_adapter_missing' );
		self::configure( $workspace );
		self::assertTrue( WP_Codebox_API::apply_approved_artifact( self::approval( $id ) )['success'] );
	}

	public function test_an_administrator_of_one_site_may_nothing(): void {
		$id    = $this->bundle();
		$input = array(
			'wp-codebox/run-agent-task'         => Task::input( 'edit' ),
			'wp-codebox/list-artifacts'         => array(),
			'wp-codebox/get-artifact'           => array( 'artifact_id' => $id ),
			'wp-codebox/discard-artifact'       => array( 'artifact_id' => $id ),
			'wp-codebox/stage-artifact-apply'   => self::approval( $id ),
			'wp-codebox/apply-approved-artifact' => self::approval( $id ),
			'wp-codebox/list-pending-applies'   => array(),
			'wp-codebox/persist-browser-artifact' => array( 'files' => array( array( 'path' => 'a.html', 'content' => 'a' ) ) ),
		);
		switch_to_blog( $this->second );
		wp_set_current_user( $this->local_admin );
		self::assertTrue( current_user_can( 'manage_options' ) );
		foreach ( $input as $name => $fields ) {
			$result = wp_get_ability( $name )->execute( $fields );
			self::assertInstanceOf( \WP_Error::class, $result, $name );
			self::assertSame( 'ability_invalid_permissions', $result->get_error_code(), $name );
		}
		$handler = apply_filters( 'wp_codebox_pending_apply_artifact_handlers', array() )['wp_codebox_apply_back'];
		self::assertFalse( call_user_func( $handler['can_resolve'], array(), 'accepted', $this->local_admin ) );

		grant_super_admin( $this->local_admin );
		wp_set_current_user( 0 );
		wp_set_current_user( $this->local_admin );
		self::assertTrue( wp_get_ability( 'wp-codebox/get-artifact' )->execute( array( 'artifact_id' => $id ) )['success'] );
		self::assertTrue( call_user_func( $handler['can_resolve'], array(), 'accepted', $this->local_admin ) );
	}

	public function test_a_filter_decides_otherwise_on_a_network_too(): void {
		switch_to_blog( $this->second );
		wp_set_current_user( $this->local_admin );
		self::assertFalse( WP_Codebox_Permissions::run_agent_task() );
		add_filter( 'wp_codebox_can_run_agent_task', static fn( $allowed ) => $allowed || current_user_can( 'manage_options' ) );
		self::assertTrue( WP_Codebox_Permissions::run_agent_task() );
	}

	public function test_rest_refuses_an_administrator_of_one_site(): void {
		$id      = $this->bundle();
		$request = new WP_REST_Request( 'GET', '/wp-abilities/v1/abilities/wp-codebox/get-artifact/run' );
		$request->set_query_params( array( 'input' => array( 'artifact_id' => $id ) ) );
		switch_to_blog( $this->second );
		wp_set_current_user( $this->local_admin );
		self::assertSame( 403, rest_do_request( $request )->get_status() );
		restore_current_blog();
		wp_set_current_user( get_users( array( 'login__in' => array( 'admin' ), 'blog_id' => 0 ) )[0]->ID );
		self::assertSame( 200, rest_do_request( $request )->get_status() );
	}

	public function test_wp_cli_on_another_site_sees_the_same_store(): void {
		$id   = $this->bundle();
		$url  = '--url=' . get_site_url( $this->second );
		$list = Site::wp( $url, 'codebox', 'artifacts', 'list' );
		self::assertSame( 0, $list->status, $list->stderr );
		self::assertSame( array( $id ), array_column( $list->json()['artifacts'], 'id' ) );
		$verified = Site::wp( $url, 'codebox', 'artifacts', 'verify' );
		self::assertSame( 0, $verified->status, $verified->stderr );
	}

	/**
	 * Runs `tasks/edit` on the current site.
	 *
	 * @return string Id of its bundle.
	 */
	private function bundle(): string {
		$input = Task::input( 'edit' );
		$run   = self::run_task( $input );
		self::assert_edited( $run, $input );
		return $run['artifact_result']['artifactBundle']['id'];
	}

	/**
	 * Makes a directory the network's target.
	 */
	private static function configure( string $path ): void {
		update_site_option( 'wp_codebox_apply_targets', self::targets( $path ) );
	}

	/**
	 * @return array<int, array<string, string>>
	 */
	private static function targets( string $path ): array {
		return array(
			array(
				'name' => 'workspace',
				'kind' => 'directory',
				'path' => $path,
			),
		);
	}

	/**
	 * An approval of everything that `tasks/edit` changes.
	 *
	 * @return array<string, mixed>
	 */
	private static function approval( string $id ): array {
		return array(
			'artifact_id'    => $id,
			'approved_files' => array(
				'/workspace/project/greeting.txt',
				'/workspace/project/notes/added.txt',
				'/workspace/project/notes/removed.txt',
			),
		);
	}
}
