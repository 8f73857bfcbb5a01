<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

/**
 * `wp codebox commands`.
 */
final class CommandListTest extends ProcessTestCase {

	public function test_every_command_is_listed_with_its_arguments_and_what_the_policy_has_to_allow(): void {
		$listed = Site::wp( 'codebox', 'commands' );
		self::assertSame( 0, $listed->status, $listed->stderr );
		$catalog = $listed->json();
		self::assertSame( 'wp-codebox/command-catalog/v1', $catalog['schema'] );
		$commands = array_column( $catalog['commands'], null, 'id' );
		self::assertSame( 'commands lists wordpress.run-php', $commands['wordpress.run-php']['policyRequirement'] );
		self::assertSame( 'code', $commands['wordpress.run-php']['acceptedArgs'][0]['name'] );
		self::assertSame( 'wp-codebox/phpunit-result/v1', $commands['wordpress.phpunit']['outputSchema']['id'] );
		self::assertSame( 'object', $commands['wordpress.phpunit']['outputSchema']['jsonSchema']['type'] );
	}

	/**
	 * @dataProvider formats
	 *
	 * @param string $format A format.
	 * @param string $first  How its output begins.
	 */
	public function test_the_list_comes_in_every_format( string $format, string $first ): void {
		$listed = Site::wp( 'codebox', 'commands', "--format=$format", '--fields=id,policyRequirement,acceptedArgs' );
		self::assertSame( 0, $listed->status, $listed->stderr );
		self::assertStringStartsWith( $first, $listed->stdout );
		self::assertStringContainsString( 'wordpress.phpunit', $listed->stdout );
		self::assertStringContainsString( 'bootstrap-mode', $listed->stdout );
	}

	/**
	 * @return array<string, array{string, string}>
	 */
	public static function formats(): array {
		return array(
			'table' => array( 'table', "id\tpolicyRequirement\tacceptedArgs\n" ),
			'csv'   => array( 'csv', "id,policyRequirement,acceptedArgs\n" ),
			'yaml'  => array( 'yaml', "---\n" ),
			'json'  => array( 'json', '{' ),
		);
	}

	public function test_the_list_comes_as_ids_and_as_their_number(): void {
		$ids   = explode( ' ', trim( Site::wp( 'codebox', 'commands', '--format=ids' )->stdout ) );
		$count = Site::wp( 'codebox', 'commands', '--format=count' )->stdout;
		self::assertContains( 'wordpress.run-php', $ids );
		self::assertSame( count( $ids ) . "\n", $count );
		$images = Site::wp( 'codebox', 'images', 'list', '--format=count' );
		self::assertMatchesRegularExpression( '/\A\d+\n\z/', $images->stdout, $images->stderr );
	}

	public function test_values_have_their_types_in_yaml(): void {
		$listed = Site::wp( 'codebox', 'commands', '--format=yaml', '--fields=id,recipe' );
		self::assertStringContainsString( "  recipe: true\n", $listed->stdout );
	}

	public function test_one_command_is_described(): void {
		$one = Site::wp( 'codebox', 'commands', 'wordpress.wp-cli' )->json();
		self::assertSame( array( 'wordpress.wp-cli' ), array_column( $one['commands'], 'id' ) );
		$none = Site::wp( 'codebox', 'commands', 'wordpress.rm' );
		self::assertSame( 1, $none->status );
		self::assertStringContainsString( 'wordpress.rm', $none->stderr );
		self::assertStringContainsString( 'wordpress.wp-cli', $none->stderr );
	}
}
